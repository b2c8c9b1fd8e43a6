// Changing one's own password.

import { html, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { notify } from '../../ui.js';
import { FormProblem, PasswordField, useForm } from '../form.js';

// The field that is not seen tells a browser that keeps passwords whose it is.
/** `changed()` once it is: other devices are signed out then. */
export function Password({ app, name, hasPassword, changed }) {
  const current = useSignal('');
  const wanted = useSignal('');
  const form = useForm({
    act: async () => {
      await app.changePassword(hasPassword ? current.value : null, wanted.value);
      current.value = '';
      wanted.value = '';
      notify(t('password.was-changed'), { kind: 'done' });
      changed();
    },
    isReady: () => Boolean((current.value || !hasPassword) && wanted.value),
    fieldOf: { ...(hasPassword && { bad_password: 'current' }), bad_new_password: 'wanted' },
  });
  return html`
    <section class="account-part" aria-labelledby="password-title">
      <h3 id="password-title">${t('password.label')}</h3>
      <form ...${form.handlers} data-testid="password-form">
        <input type="text" class="unseen" name="username" autocomplete="username" value=${name} readonly tabindex="-1" aria-hidden="true" />
        ${hasPassword && html`<${PasswordField} form=${form} name="current" label=${t('password.current')} value=${current} data-testid="password-current" autocomplete="current-password" />`}
        <${PasswordField} form=${form} name="wanted" label=${t('password.new')} help=${t('password.help')} value=${wanted} data-testid="password-new" autocomplete="new-password" />
        <${FormProblem} form=${form} />
        <button type="submit" class="primary" data-testid="password-save" aria-disabled=${form.isWaiting()}>${t(hasPassword ? 'password.change' : 'password.set')}</button>
      </form>
    </section>
  `;
}
