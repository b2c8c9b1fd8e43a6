// Making an account for somebody else.

import { rolesToGive } from '../../accounts/roles.js';
import { html, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { closeDialog, notify } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { Choice, Field, FormProblem, PasswordField, useForm } from '../form.js';

export { loadDialogStyles as loadStyles } from './styles.js';

/** `made()` once there is one. */
export function MakeAccount({ app, made }) {
  const name = useSignal('');
  const role = useSignal('member');
  const password = useSignal('');
  const form = useForm({
    act: async () => {
      await app.makeAccount({ name: name.value.trim(), role: role.value, password: password.value });
      closeDialog();
      notify(t('accounts.was-made', { name: name.value.trim() }), { kind: 'done' });
      made();
    },
    isReady: () => Boolean(name.value.trim() && password.value),
    fieldOf: { bad_handle: 'name', name_taken: 'name', bad_new_password: 'password' },
  });
  return html`
    <${Dialog} title=${t('accounts.make')}>
      <form ...${form.handlers} data-testid="make-account-form">
        <p>${t('accounts.make-means')}</p>
        <${Field} form=${form} name="name" label=${t('handle.label')} value=${name} data-testid="make-account-name" autocomplete="off" maxlength="32" autofocus />
        <${Choice} label=${t('invitations.role')} value=${role} data-testid="make-account-role" options=${rolesToGive(app.chat.user.value.role).map((one) => [one, t(`role.${one}`)])} />
        <${PasswordField} form=${form} name="password" label=${t('password.label')} help=${t('password.help')} value=${password} seen
          data-testid="make-account-password" autocomplete="new-password" />
        <${FormProblem} form=${form} />
        <div class="buttons">
          <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
          <button type="submit" class="primary" data-testid="make-account-save" aria-disabled=${form.isWaiting()}>${t('accounts.make')}</button>
        </div>
      </form>
    <//>
  `;
}
