// The line above the pages of those who look after this server: from one to the others.

import { html, useLayoutEffect, useRef } from '../../html.js';
import { t } from '../../i18n.js';
import { adminTabsFor, openAdminPart } from '../admin_parts.js';
import { insidePage } from '../links.js';
import { PageHeader } from '../page_header.js';

/** `here` is the page that is seen, `part` what of it; `children` are what one does there. */
export function AdminHeader({ app, here, part, children }) {
  const strip = useRef(null);
  const tabs = adminTabsFor(app);
  const isHere = ({ name }) => name === here;
  const beside = tabs.map(({ parts }) => parts).find((parts) => parts.length > 1 && parts.some(isHere));
  // On a narrow screen there is no place for all of them.
  useLayoutEffect(() => strip.current.querySelector('[aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' }), [here, tabs.length]);
  return html`
    <${PageHeader} app=${app} place="admin" part=${part} title=${t(`admin.${here}`)} unseen>
      <nav class="tabs" ref=${strip} aria-label=${t('admin.title')}>
        ${tabs.map(({ name, parts }) => html`
          <${PartLink} key=${name} app=${app} name=${name} part=${parts.find((one) => countOf(app, one) > 0) ?? parts[0]}
            isHere=${parts.some(isHere)} count=${sum(parts.map((one) => countOf(app, one)))} />`)}
      </nav>
      <span class="spacer"></span>
      ${children}
    <//>
    ${beside && html`
      <nav class="chips beside" aria-label=${t(`admin.${beside[0].tab}`)}>
        ${beside.map((one) => html`
          <${PartLink} key=${one.name} app=${app} kind="chip" name=${one.name} part=${one} isHere=${isHere(one)} count=${countOf(app, one)} />`)}
      </nav>`}
  `;
}

const PartLink = ({ app, kind, name, part, isHere, count }) => html`
  <a class=${kind} href=${part.path} data-testid="admin-${kind ?? 'tab'}-${name}" aria-current=${isHere ? 'page' : undefined}
    onClick=${insidePage(() => openAdminPart(app, part))}>${t(`admin.${name}`)}<${Count} count=${count} /></a>
`;

/** How many wait there for somebody to decide. */
const countOf = (app, { name }) => ({ reports: app.reports.value, held: app.held.value })[name]?.length ?? 0;

const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

const Count = ({ count }) => count > 0 && html` <span class="badge" data-testid="admin-tab-count">${count}</span>`;

export const NotAllowed = ({ app }) => html`
  <div class="page-body">${app.chat.user.value && html`<p class="nothing" role="alert">${t('admin.not-allowed')}</p>`}</div>
`;
