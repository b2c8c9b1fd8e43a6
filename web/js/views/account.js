// At the foot of the room list: who one is, language, light or dark, signing in and out, keys.

import { html } from '../html.js';
import { LANGUAGES, locale, t } from '../i18n.js';
import { dark, toggleTheme } from '../theme.js';
import { openDialog, place } from '../ui.js';
import { Avatar } from './avatar.js';
import { Icon } from './icons.js';
import { insidePage } from './links.js';

export function Account({ app }) {
  return html`
    <footer class="account">
      ${app.hasAccount()
        ? html`<a class="me" href="/account" data-testid="account-open" title=${t('account.title')} aria-current=${place.value?.name === 'account' ? 'page' : undefined}
            onClick=${insidePage(() => app.openAccount())}><${Me} app=${app} /></a>`
        : html`<button type="button" class="me" data-testid="handle-open" title=${t('handle.title')} onClick=${() => openDialog('handle')}><${Me} app=${app} /></button>`}
      <div class="account-tools">
        <${LanguageChoice} app=${app} />
        <${ThemeTool} />
        ${app.isSignedIn()
          ? html`<${Tool} testid="owner-sign-out" icon="leave" label=${t(app.hasAccount() ? 'sign-in.out' : 'owner.sign-out')} act=${app.signOut} />`
          : html`<${Tool} testid="owner-open" icon="key" label=${t('sign-in.title')} act=${() => openDialog('sign-in')} />`}
        <button type="button" class="tool" aria-label=${t('keys.title')} title=${t('keys.title')} onClick=${() => openDialog('keys')}>?</button>
      </div>
    </footer>
  `;
}

function Me({ app }) {
  const name = app.name() ?? '…';
  return html`
    <${Avatar} handle=${name} role="user" /><span class="name">${name}</span>
    ${app.isSignedIn() && html`<span class="tag" data-testid="own-role">${t(`role.${app.chat.user.value.role}`)}</span>`}
  `;
}

export const LanguageChoice = ({ app }) => html`
  <select data-testid="language" aria-label=${t('language')} value=${locale.value} onChange=${(event) => app.changeLanguage(event.target.value)}>
    ${LANGUAGES.map(([tag, label]) => html`<option value=${tag} lang=${tag} selected=${tag === locale.value}>${label}</option>`)}
  </select>
`;

export const ThemeTool = () => html`
  <${Tool} testid="theme" icon=${dark.value ? 'sun' : 'moon'} label=${t(dark.value ? 'theme.light' : 'theme.dark')} act=${toggleTheme} />
`;

const Tool = ({ testid, icon, label, act }) => html`
  <button type="button" class="tool" data-testid=${testid} aria-label=${label} title=${label} onClick=${act}><${Icon} name=${icon} /></button>
`;
