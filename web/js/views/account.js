// At the foot of the room list: who one is, language, light or dark, owner, keys.

import { html } from '../html.js';
import { LANGUAGES, locale, t } from '../i18n.js';
import { dark, toggleTheme } from '../theme.js';
import { openDialog } from '../ui.js';
import { Avatar } from './avatar.js';
import { Icon } from './icons.js';

export function Account({ app }) {
  const user = app.chat.user.value;
  const handle = user?.handle ?? app.handle() ?? '…';
  return html`
    <footer class="account">
      <button type="button" class="me" data-testid="handle-open" title=${t('handle.title')} onClick=${() => openDialog('handle')}>
        <${Avatar} handle=${handle} role="user" /><span class="name">${handle}</span>
        ${app.isOwner() && html`<span class="tag">${t('role.owner')}</span>`}
      </button>
      <div class="account-tools">
        <select data-testid="language" aria-label=${t('language')} value=${locale.value} onChange=${(event) => app.changeLanguage(event.target.value)}>
          ${LANGUAGES.map(([tag, label]) => html`<option value=${tag} lang=${tag} selected=${tag === locale.value}>${label}</option>`)}
        </select>
        <${Tool} testid="theme" icon=${dark.value ? 'sun' : 'moon'} label=${t(dark.value ? 'theme.light' : 'theme.dark')} act=${toggleTheme} />
        ${app.isOwner()
          ? html`<${Tool} testid="owner-sign-out" icon="key" label=${t('owner.sign-out')} act=${app.signOut} />`
          : html`<${Tool} testid="owner-open" icon="key" label=${t('owner.title')} act=${() => openDialog('sign-in')} />`}
        <button type="button" class="tool" aria-label=${t('keys.title')} title=${t('keys.title')} onClick=${() => openDialog('keys')}>?</button>
      </div>
    </footer>
  `;
}

const Tool = ({ testid, icon, label, act }) => html`
  <button type="button" class="tool" data-testid=${testid} aria-label=${label} title=${label} onClick=${act}><${Icon} name=${icon} /></button>
`;
