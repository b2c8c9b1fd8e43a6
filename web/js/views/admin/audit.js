// What those who look after this server did, newest first.

import { AUDIT_FILE } from '../../api.js';
import { html } from '../../html.js';
import { fullTime, moment, t } from '../../i18n.js';
import { Icon } from '../icons.js';
import { Listed, ListSearch, More, usePagedList } from '../paged_list.js';

const COLUMNS = ['at', 'by', 'action', 'subject', 'change'];

export function Audit({ app }) {
  const list = usePagedList(({ after, ...query }) => app.fetchAudit({ ...query, before: after }).then(({ entries, more }) => ({ items: entries, more })));
  return html`
    <div class="page-body">
      <div class="filters" role="search"><${ListSearch} list=${list} id="admin-search" words=${t('audit.search')} />
        <span class="spacer"></span>
        <a class="secondary" href=${AUDIT_FILE} download="audit.jsonl" data-testid="audit-download"><${Icon} name="down" />${t('audit.download')}</a></div>
      <${Listed} list=${list}><${Table} list=${list} /><//>
    </div>
  `;
}

function Table({ list }) {
  const entries = list.items.value;
  if (entries.length === 0) return html`<p class="nothing" role="status" data-testid="audit-nothing">${t(list.text.value ? 'audit.none-fits' : 'audit.none')}</p>`;
  return html`
    <table class="table acted-on audit-table" data-testid="audit" aria-label=${t('admin.audit')}>
      <thead><tr>${COLUMNS.map((name) => html`<th scope="col" class=${name}>${t(`audit.column-${name}`)}</th>`)}</tr></thead>
      <tbody>${entries.map((entry) => html`<${Row} key=${entry.id} entry=${entry} />`)}</tbody>
    </table>
    <${More} list=${list} testid="audit-more" words=${t('audit.more')} />
  `;
}

const Row = ({ entry: { at, by, role, address, action, subject, before, after } }) => html`
  <tr data-testid="audit-entry" data-action=${action}>
    <td class="at"><time datetime=${at} title=${fullTime(new Date(at))}>${moment(new Date(at))}</time></td>
    <td class="by" title=${address}><span class="audit-by">${by}</span> <small>${t(`role.${role}`)}</small></td>
    <td class="action"><code>${action}</code></td>
    <td class="subject" title=${subject}>${subject}</td>
    <td class="change"><${Change} before=${before} after=${after} /></td>
  </tr>
`;

function Change({ before, after }) {
  if (before === undefined && after === undefined) return null;
  return html`
    ${before !== undefined && html`<del><span class="unseen">${t('audit.before')} </span>${written(before)}</del>`}
    ${after !== undefined && html`<ins><span class="unseen">${t('audit.after')} </span>${written(after)}</ins>`}
  `;
}

const written = (value) => {
  if (value === null || typeof value !== 'object') return String(value);
  return Object.entries(value).map(([name, part]) => `${name}: ${typeof part === 'object' ? JSON.stringify(part) : part}`).join(', ');
};
