// The passkeys of the own account.

import { deviceOf } from '../../accounts/device.js';
import { canUsePasskeys } from '../../accounts/webauthn.js';
import { html } from '../../html.js';
import { day, fullTime, t } from '../../i18n.js';
import { notify, openDialog } from '../../ui.js';
import { Icon } from '../icons.js';

/** `changed()` once there is one more, or one less. */
export function Passkeys({ app, own: { has_password: hasPassword, passkeys }, ways, changed }) {
  const remove = ({ id, name }) => openDialog('with-password', {
    title: t('passkeys.remove-title', { name }), text: t('passkeys.remove-means'), label: t('passkeys.remove'), hasPassword,
    act: async (password) => {
      await app.removePasskey(id, password);
      changed();
    },
  });
  return html`
    <section class="account-part" aria-labelledby="passkeys-title">
      <h3 id="passkeys-title">${t('passkeys.title')}</h3>
      <p class="soft">${t('passkeys.help')}</p>
      <ul class="passkeys">${passkeys.map((passkey) => html`<${Passkey} key=${passkey.id} passkey=${passkey} remove=${() => remove(passkey)} />`)}</ul>
      ${!ways?.passkeys
        ? ways && html`<p class="soft" data-testid="passkeys-off">${t('passkeys.off')}</p>`
        : canUsePasskeys()
          ? html`<button type="button" class="secondary" data-testid="passkey-add" onClick=${() => openDialog('passkey', { hasPassword, changed })}>${t('passkeys.add')}</button>`
          : html`<p class="soft">${t('passkeys.not-here')}</p>`}
    </section>
  `;
}

function Passkey({ passkey: { name, created_at: created, last_used_at: used }, remove }) {
  return html`
    <li data-testid="passkey" data-name=${name}>
      <${Icon} name="key" />
      <div class="session-what">
        <span>${name}</span>
        <span class="soft"><${Time} at=${created} words="passkeys.made" /> · ${used ? html`<${Time} at=${used} words="tokens.used" />` : t('tokens.never-used')}</span>
      </div>
      <button type="button" class="link" data-testid="passkey-remove" aria-label=${t('passkeys.remove-title', { name })} onClick=${remove}>${t('passkeys.remove')}</button>
    </li>
  `;
}

const Time = ({ at, words }) => html`<time datetime=${at} title=${fullTime(new Date(at))}>${t(words, { time: day(new Date(at)) })}</time>`;

/** What the passkey of this device is called, unless its owner knows better. */
export function nameOfThisDevice() {
  const { browser, system } = deviceOf(navigator.userAgent);
  return browser && system ? t('account.device', { browser, system }) : (system ?? browser ?? t('account.device-unknown'));
}
