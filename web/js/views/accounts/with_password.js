// What is done only by whoever knows the account's password, if it has one.

import { html, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { closeDialog } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { FormProblem, PasswordField, useForm } from '../form.js';

export { loadDialogStyles as loadStyles } from './styles.js';

/** `act(password)`; it may throw an error for people. */
export function WithPassword({ title, text, label, hasPassword, act }) {
  const password = useSignal('');
  const form = useForm({
    act: async () => {
      await act(hasPassword ? password.value : null);
      closeDialog();
    },
    isReady: () => !hasPassword || Boolean(password.value),
    fieldOf: hasPassword ? { bad_password: 'password' } : {},
  });
  return html`
    <${Dialog} title=${title}>
      <form ...${form.handlers} data-testid="with-password">
        <p>${text}</p>
        ${hasPassword && html`<${PasswordField} form=${form} name="password" label=${t('password.label')} value=${password}
          data-testid="with-password-password" autocomplete="current-password" autofocus />`}
        <${FormProblem} form=${form} />
        <div class="buttons">
          <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
          <button type="submit" class="primary" data-testid="with-password-do" aria-disabled=${form.isWaiting()}>${label}</button>
        </div>
      </form>
    <//>
  `;
}
