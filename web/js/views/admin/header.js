// The line above the pages of those who look after this server: from one to the others.

import { html, useLayoutEffect, useRef } from '../../html.js';
import { t } from '../../i18n.js';
import { adminPartsFor, openAdminPart } from '../admin_parts.js';
import { insidePage } from '../links.js';
import { PageHeader } from '../page_header.js';

/** `here` is the page that is seen, `part` what of it; `children` are what one does there. */
export function AdminHeader({ app, here, part, children }) {
  const tabs = useRef(null);
  const parts = adminPartsFor(app);
  // On a narrow screen there is no place for all of them.
  useLayoutEffect(() => tabs.current.querySelector('[aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' }), [here, parts.length]);
  return html`
    <${PageHeader} app=${app} place="admin" part=${part} title=${t(`admin.${here}`)} unseen>
      <nav class="tabs" ref=${tabs} aria-label=${t('admin.title')}>
        ${parts.map((one) => html`
          <a key=${one.name} href=${one.path} data-testid="admin-tab-${one.name}" aria-current=${one.name === here ? 'page' : undefined}
            onClick=${insidePage(() => openAdminPart(app, one))}>${t(`admin.${one.name}`)}<${Count} count=${countOf(app, one)} /></a>`)}
      </nav>
      <span class="spacer"></span>
      ${children}
    <//>
  `;
}

/** How many wait there for somebody to decide. */
const countOf = (app, { name }) => ({ reports: app.reports.value, held: app.held.value })[name]?.length ?? 0;

const Count = ({ count }) => count > 0 && html` <span class="badge" data-testid="admin-tab-count">${count}</span>`;

export const NotAllowed = ({ app }) => html`
  <div class="page-body">${app.chat.user.value && html`<p class="nothing" role="alert">${t('admin.not-allowed')}</p>`}</div>
`;
