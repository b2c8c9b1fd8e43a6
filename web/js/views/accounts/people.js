// Everybody who has an account, and who is invited: for those who look after people.

import { Directory } from '../../accounts/directory.js';
import { html, useEffect, useRef } from '../../html.js';
import { t } from '../../i18n.js';
import { peoplePath } from '../../router.js';
import { openDialog } from '../../ui.js';
import { insidePage } from '../links.js';
import { PageHeader } from '../page_header.js';
import { AccountList } from './account_list.js';
import { Invitations, useInvitations } from './invitations.js';

export { loadPageStyles as loadStyles } from './styles.js';

export function People({ app, part }) {
  const isAllowed = app.may('manage_people');
  return html`
    <main class="accounts" data-testid="people-page">
      ${isAllowed ? html`<${Pages} app=${app} part=${part} />` : html`<${NotAllowed} app=${app} part=${part} />`}
    </main>
  `;
}

function NotAllowed({ app, part }) {
  return html`
    <${PageHeader} app=${app} place="people" part=${part} title=${t('accounts.title')}><span class="spacer"></span><//>
    <div class="page-body">${app.chat.user.value && html`<p class="nothing" role="alert">${t('accounts.not-allowed')}</p>`}</div>
  `;
}

function Pages({ app, part }) {
  const directory = useDirectory(app);
  const invitations = useInvitations(app);
  const invite = () => openDialog('invite', {
    made: () => {
      invitations.refresh();
      if (part.name !== 'invitations') app.openPeople({ name: 'invitations' });
    },
  });
  return html`
    <${Header} app=${app} part=${part} invite=${invite} />
    ${part.name === 'list' && html`<${AccountList} app=${app} directory=${directory} />`}
    ${part.name === 'invitations' && html`<${Invitations} invitations=${invitations} />`}
  `;
}

function useDirectory(app) {
  const kept = useRef(null);
  kept.current ??= new Directory({ fetch: app.fetchAccounts, isSeen: () => !document.hidden });
  const directory = kept.current;
  useEffect(() => {
    const refresh = () => document.hidden || directory.refresh();
    document.addEventListener('visibilitychange', refresh);
    directory.refresh();
    return () => {
      document.removeEventListener('visibilitychange', refresh);
      directory.stop();
    };
  }, []);
  return directory;
}

const TABS = [
  ['list', 'accounts.title'],
  ['invitations', 'invitations.title'],
];

const Header = ({ app, part, invite }) => html`
  <${PageHeader} app=${app} place="people" part=${part} title=${t('accounts.title')} unseen>
    <nav class="tabs" aria-label=${t('accounts.title')}>
      ${TABS.map(([name, key]) => html`
        <a href=${peoplePath({ name })} data-testid="people-tab-${name}" aria-current=${part.name === name ? 'page' : undefined}
          onClick=${insidePage(() => app.openPeople({ name }))}>${t(key)}</a>`)}
    </nav>
    <span class="spacer"></span>
    <button type="button" class="primary" data-testid="invite" onClick=${invite}>${t('invitations.invite')}</button>
  <//>
`;
