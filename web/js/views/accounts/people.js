// Everybody who has an account, and who is invited: for those who look after people.

import { html } from '../../html.js';
import { t } from '../../i18n.js';
import { openDialog } from '../../ui.js';
import { AdminHeader, NotAllowed } from '../admin/header.js';
import { ListSearch, usePagedList } from '../paged_list.js';
import { useShortList } from '../short_list.js';
import { AccountList } from './account_list.js';
import { Invitations } from './invitations.js';
import { Merges } from './merge.js';

export { loadPageStyles as loadStyles } from './styles.js';

export const People = ({ app, part }) => html`
  <main class="accounts" data-testid="people-page">
    ${app.may('manage_people')
      ? html`<${Pages} app=${app} part=${part} />`
      : html`<${AdminHeader} app=${app} here="people" part=${part} /><${NotAllowed} app=${app} />`}
  </main>
`;

function Pages({ app, part }) {
  const directory = usePagedList((query) => app.fetchAccounts(query).then(({ accounts, more }) => ({ items: accounts, more })));
  const invitations = useShortList(app.fetchInvitations, app.dropInvitation);
  const isList = part.name === 'list';
  const invite = () => openDialog('invite', {
    made: () => {
      invitations.refresh();
      if (isList) app.openPeople({ name: 'invitations' });
    },
  });
  return html`
    <${AdminHeader} app=${app} here="people" part=${part}>
      <button type="button" class="primary" data-testid="invite" onClick=${invite}>${t('invitations.invite')}</button>
    <//>
    <div class="page-body">
      <div class="filters" role="search">
        <div class="chips" role="group" aria-label=${t('accounts.title')}>
          ${PARTS.map(([name, words]) => html`<button type="button" class="chip" data-testid="people-tab-${name}" aria-pressed=${part.name === name}
            onClick=${() => app.openPeople({ name })}>${t(words)}</button>`)}
        </div>
        ${isList && html`<${ListSearch} list=${directory} id="people-search" words=${t('accounts.search')} />`}
        ${isList && html`<span class="spacer"></span><button type="button" class="secondary" data-testid="make-account"
          onClick=${() => openDialog('make-account', { made: () => directory.refresh() })}>${t('accounts.make')}</button>`}
      </div>
      ${isList ? html`<${AccountList} app=${app} directory=${directory} /><${Merges} app=${app} taken=${() => directory.refresh()} />` : html`<${Invitations} invitations=${invitations} />`}
    </div>
  `;
}

const PARTS = [
  ['list', 'accounts.all'],
  ['invitations', 'invitations.title'],
];
