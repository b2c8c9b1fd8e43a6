// A new password for somebody who has forgotten theirs.

import { html, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { closeDialog, notify } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { FormProblem, PasswordField, useForm } from '../form.js';

export { loadDialogStyles as loadStyles } from './styles.js';

/** `done()` when it is set. */
export function SetPassword({ app, account, done }) {
  const password = useSignal('');
  const form = useForm({
    act: async () => {
      await app.changeAccount(account.id, { password: password.value });
      closeDialog();
      notify(t('accounts.password-was-set', { name: account.name }), { kind: 'done' });
      done();
    },
    isReady: () => Boolean(password.value),
    fieldOf: { bad_new_password: 'password' },
  });
  return html`
    <${Dialog} title=${t('accounts.password-of', { name: account.name })}>
      <form ...${form.handlers}>
        <p>${t('accounts.password-means')}</p>
        <${PasswordField} form=${form} name="password" label=${t('password.new')} value=${password} seen
          data-testid="set-password" autocomplete="new-password" autofocus />
        <${FormProblem} form=${form} />
        <div class="buttons">
          <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
          <button type="submit" class="primary" data-testid="set-password-save" aria-disabled=${form.isWaiting()}>${t('save')}</button>
        </div>
      </form>
    <//>
  `;
}
