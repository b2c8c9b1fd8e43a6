// What those who look after this server did, newest first.

import { actionWords, changesOf, subjectWords } from '../../admin/audit_words.js';
import { AUDIT_FILE } from '../../api.js';
import { html } from '../../html.js';
import { fullTime, moment, t } from '../../i18n.js';
import { shownName } from '../../names.js';
import { Icon } from '../icons.js';
import { Listed, ListSearch, More, usePagedList } from '../paged_list.js';

const COLUMNS = ['at', 'by', 'action', 'subject', 'change'];

// What takes back which deed. Of later changes of the same thing it knows nothing, so that it says what it sets.
const UNDOS = [
  [({ action, after }) => action === 'sanction.add' && after?.id, (app, { after }) => app.liftSanction(after)],
  [({ action, after }) => action === 'people.merge' && after?.id, (app, { after }) => app.undoMerge(after)],
  [({ action, subject }) => action === 'settings.change' && subject === 'access', (app, { before }) => app.undoChange(() => app.changeSettings({ access: before }))],
  [({ action, subject }) => action === 'settings.change' && subject === 'moderation', (app, { before }) => app.undoChange(() => app.setModeration(before))],
  [({ action }) => action === 'command.permit', (app, { subject, before }) => app.undoChange(() => app.permitCommand(subject, before))],
  [({ action, after }) => action === 'room.change' && after?.archived !== undefined, (app, { subject, after }) => app.undoChange(() => app.changeRoom(subject, { archived: !after.archived }))],
];

const undoOf = (entry) => UNDOS.find(([fits]) => fits(entry))?.[1];

export function Audit({ app }) {
  const list = usePagedList(({ after, ...query }) => app.fetchAudit({ ...query, before: after }).then(({ entries, more }) => ({ items: entries, more })));
  return html`
    <div class="page-body">
      <div class="filters" role="search"><${ListSearch} list=${list} id="admin-search" words=${t('audit.search')} />
        <span class="spacer"></span>
        <a class="secondary" href=${AUDIT_FILE} download="audit.jsonl" data-testid="audit-download"><${Icon} name="down" />${t('audit.download')}</a></div>
      <${Listed} list=${list}><${Table} app=${app} list=${list} /><//>
    </div>
  `;
}

function Table({ app, list }) {
  const entries = list.items.value;
  if (entries.length === 0) return html`<p class="nothing" role="status" data-testid="audit-nothing">${t(list.text.value ? 'audit.none-fits' : 'audit.none')}</p>`;
  return html`
    <table class="table acted-on audit-table" data-testid="audit" aria-label=${t('admin.audit')}>
      <thead><tr>${COLUMNS.map((name) => html`<th scope="col" class=${name}>${t(`audit.column-${name}`)}</th>`)}
        <th class="act"><span class="unseen">${t('column.act')}</span></th></tr></thead>
      <tbody>${entries.map((entry) => html`<${Row} key=${entry.id} app=${app} list=${list} entry=${entry} />`)}</tbody>
    </table>
    <${More} list=${list} testid="audit-more" words=${t('audit.more')} />
  `;
}

function Row({ app, list, entry }) {
  const { at, by, role, address, action, subject, before, after } = entry;
  const undo = undoOf(entry);
  return html`
  <tr data-testid="audit-entry" data-action=${action}>
    <td class="at"><time datetime=${at} title=${fullTime(new Date(at))}>${moment(new Date(at))}</time></td>
    <td class="by" title=${address}><span class="audit-by">${shownName(by)}</span> <small>${t(`role.${role}`)}</small></td>
    <td class="action" title=${action}>${actionWords(action)}</td>
    <td class="subject" title=${subject}>${subjectWords(action, subject)}</td>
    <td class="change"><${Change} before=${before} after=${after} /></td>
    <td class="act">${undo && html`<button type="button" class="link" data-testid="audit-undo" aria-label=${t('audit.undo-this', { action, subject })}
      onClick=${() => undo(app, entry).then(() => list.refresh())}>${t('undo')}</button>`}</td>
  </tr>
  `;
}

function Change({ before, after }) {
  const changes = changesOf(before, after);
  return changes.map(({ field, from, to }) => html`
    <span key=${field ?? ''} class="audit-change">${field && html`<span>${field}: </span>`}
      ${from !== null && html`<del><span class="unseen">${t('audit.before')} </span>${from}</del>`}
      ${from !== null && to !== null && html`<span aria-hidden="true"> → </span>`}
      ${to !== null && html`<ins><span class="unseen">${t('audit.after')} </span>${to}</ins>`}</span>`);
}
