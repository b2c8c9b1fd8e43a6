// The own account: who one is, where one is signed in and with what, and which programs act for it.

import { html, useEffect, useSignal } from '../../html.js';
import { dateOf, t } from '../../i18n.js';
import { openDialog } from '../../ui.js';
import { Avatar } from '../avatar.js';
import { Fetching, useFetched } from '../fetched.js';
import { PageHeader } from '../page_header.js';
import { Identity } from './identity.js';
import { OwnData } from './own_data.js';
import { Passkeys } from './passkeys.js';
import { Password } from './password.js';
import { SecondFactor } from './second_factor.js';
import { Sessions } from './sessions.js';
import { Tokens } from './tokens.js';

export { loadPageStyles as loadStyles } from './styles.js';

export function OwnAccount({ app, part }) {
  const user = app.chat.user.value;
  return html`
    <main class="accounts" data-testid="own-account">
      <${PageHeader} app=${app} place="account" part=${part} title=${t('account.title')}><span class="spacer"></span><//>
      <div class="page-body account-page">
        ${user && (app.hasAccount() ? html`<${Details} key=${user.handle} app=${app} />` : html`<${Guest} app=${app} />`)}
      </div>
    </main>
  `;
}

const Guest = ({ app }) => html`
  <div class="nobody" data-testid="account-guest">
    <p>${t('account.guest')}</p>
    <button type="button" class="primary" onClick=${() => openDialog('sign-in')}>${t('sign-in.title')}</button>
  </div>
  <${OwnData} app=${app} />
`;

function Details({ app }) {
  const fetched = useFetched(app.fetchAccount);
  const { value: found, refresh } = fetched;
  const ways = useSignal(null);
  useEffect(() => void app.fetchWays().then((offered) => { ways.value = offered; }, () => null), []);
  const drop = async (id) => {
    found.value = { ...found.value, sessions: found.value.sessions.filter((session) => session.id !== id) };
    await app.endSession(id);
    refresh();
  };
  return html`
    <${Fetching} fetched=${fetched} />
    ${found.value && html`
      <${Who} account=${found.value.account} />
      <${Sessions} app=${app} sessions=${found.value.sessions} drop=${drop} />
      <${Password} app=${app} name=${found.value.account.name} hasPassword=${found.value.has_password} changed=${refresh} />
      <${Passkeys} app=${app} own=${found.value} ways=${ways.value} changed=${refresh} />
      <${SecondFactor} app=${app} own=${found.value} changed=${refresh} />
      ${ways.value?.provider && html`<${Identity} app=${app} own=${found.value} provider=${ways.value.provider} changed=${refresh} />`}
      <${Tokens} app=${app} />
      <${OwnData} app=${app} hasPassword=${found.value.has_password} />`}
  `;
}

const Who = ({ account: { name, role, created_at: since } }) => html`
  <header class="who">
    <${Avatar} handle=${name} role="user" />
    <div>
      <h2 data-testid="account-name">${name}</h2>
      <p class="soft"><span data-testid="account-role">${t(`role.${role}`)}</span> · ${t('account.since', { date: dateOf(new Date(since)) })}</p>
    </div>
  </header>
`;
