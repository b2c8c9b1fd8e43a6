// Making a passkey: what it is called, the password once more, and then the browser asks.

import { html, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { closeDialog, notify } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { Field, FormProblem, PasswordField, useForm } from '../form.js';
import { nameOfThisDevice } from './passkeys.js';

export { loadDialogStyles as loadStyles } from './styles.js';

/** `changed()` once there is one. */
export function PasskeyDialog({ app, hasPassword, changed }) {
  const name = useSignal(nameOfThisDevice());
  const password = useSignal('');
  const form = useForm({
    act: async () => {
      await app.addPasskey(name.value.trim(), hasPassword ? password.value : null);
      closeDialog();
      notify(t('passkeys.was-made'), { kind: 'done' });
      changed();
    },
    isReady: () => Boolean(name.value.trim() && (password.value || !hasPassword)),
    fieldOf: { bad_passkey_name: 'name', ...(hasPassword && { bad_password: 'password' }) },
  });
  return html`
    <${Dialog} title=${t('passkeys.add')}>
      <form ...${form.handlers} data-testid="passkey-form">
        <p>${t('passkeys.add-means')}</p>
        <${Field} form=${form} name="name" label=${t('passkeys.name')} help=${t('passkeys.name-help')} value=${name} data-testid="passkey-name" maxlength="64" autocomplete="off" />
        ${hasPassword && html`<${PasswordField} form=${form} name="password" label=${t('password.label')} value=${password} data-testid="passkey-password"
          autocomplete="current-password" autofocus />`}
        <${FormProblem} form=${form} />
        <div class="buttons">
          <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
          <button type="submit" class="primary" data-testid="passkey-make" aria-disabled=${form.isWaiting()}>${t('passkeys.add')}</button>
        </div>
      </form>
    <//>
  `;
}
