// Signing in: with a name and a password, or with the owner's key.

import { html, useLayoutEffect, useRef, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { hasKeyboard } from '../../keys.js';
import { closeDialog } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { OneField } from '../one_field.js';
import { Field, FormProblem, PasswordField, useForm } from '../form.js';

export { loadDialogStyles as loadStyles } from './styles.js';

export function SignIn({ app }) {
  const withKey = useSignal(false);
  return html`
    <${Dialog} title=${t(withKey.value ? 'owner.title' : 'sign-in.title')}><${SignInForms} app=${app} withKey=${withKey} inDialog /><//>
  `;
}

/** `withKey` is a signal: whether it is the owner's key that one signs in with. */
export function SignInForms({ app, withKey, inDialog = false }) {
  const forms = useRef(null);
  // A dialog itself sees to the first field of its first form only.
  useLayoutEffect(() => {
    if (inDialog || hasKeyboard()) forms.current.querySelector('input').focus();
  }, [withKey.value]);
  return html`
    <div ref=${forms}>${withKey.value
      ? html`<${WithKey} key="key" app=${app} instead=${() => { withKey.value = false; }} />`
      : html`<${WithName} key="name" app=${app} inDialog=${inDialog} instead=${() => { withKey.value = true; }} />`}</div>
  `;
}

function WithName({ app, inDialog, instead }) {
  const name = useSignal('');
  const password = useSignal('');
  const form = useForm({
    act: () => app.signIn(name.value.trim(), password.value),
    isReady: () => Boolean(name.value.trim() && password.value),
    fieldOf: { bad_password: 'password' },
  });
  return html`
    <form ...${form.handlers} data-testid="sign-in">
      <${Field} form=${form} name="name" label=${t('handle.label')} value=${name} data-testid="sign-in-name" autocomplete="username" maxlength="32" autofocus=${inDialog} />
      <${PasswordField} form=${form} name="password" label=${t('password.label')} help=${t('sign-in.forgotten')} value=${password}
        data-testid="sign-in-password" autocomplete="current-password" />
      <${FormProblem} form=${form} />
      <div class="buttons">
        ${inDialog && html`<button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>`}
        <button type="submit" class="primary" data-testid="sign-in-submit" aria-disabled=${form.isWaiting()}>${t('sign-in.title')}</button>
      </div>
    </form>
    ${inDialog && html`<p class="dialog-more">${t('sign-in.no-account')}</p>`}
    <p class="dialog-more"><button type="button" class="link" data-testid="owner-key-instead" onClick=${instead}>${t('owner.key-instead')}</button></p>
  `;
}

const WithKey = ({ app, instead }) => html`
  <${OneField} label=${t('owner.key')} help=${t('owner.help')}
    field=${{ 'data-testid': 'owner-key', type: 'password', required: true, autocomplete: 'off' }}
    action=${{ testid: 'owner-submit', label: t('owner.sign-in') }} act=${app.signInWithKey} />
  <p class="dialog-more"><button type="button" class="link" data-testid="sign-in-with-name" onClick=${instead}>${t('sign-in.with-name')}</button></p>
`;
