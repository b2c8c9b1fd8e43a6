// Signing in: with a name and a password, a passkey, at another place, or with the owner's key.

import { canUsePasskeys } from '../../accounts/webauthn.js';
import { html, useEffect, useLayoutEffect, useRef, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { hasKeyboard } from '../../keys.js';
import { closeDialog } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { Field, FormProblem, PasswordField, useForm } from '../form.js';
import { Icon } from '../icons.js';
import { OneField } from '../one_field.js';

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
  const fields = { name: useSignal(''), password: useSignal(''), code: useSignal(''), needsCode: useSignal(false) };
  const { name, password, code, needsCode } = fields;
  const act = async () => {
    try {
      await app.signIn(name.value.trim(), password.value, code.value.trim());
    } catch (error) {
      if (needsCode.value || error.cause?.code !== 'code_needed') throw error;
      needsCode.value = true;
    }
  };
  const form = useForm({
    act,
    isReady: () => Boolean(name.value.trim() && password.value && (code.value.trim() || !needsCode.value)),
    fieldOf: { bad_password: 'password', bad_code: 'code' },
  });
  return html`
    <form ...${form.handlers} data-testid="sign-in">
      ${needsCode.value ? html`<${Code} form=${form} code=${code} />` : html`<${NameAndPassword} form=${form} fields=${fields} inDialog=${inDialog} />`}
      <${FormProblem} form=${form} />
      <div class="buttons">
        ${inDialog && html`<button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>`}
        <button type="submit" class="primary" data-testid="sign-in-submit" aria-disabled=${form.isWaiting()}>${t('sign-in.title')}</button>
      </div>
    </form>
    ${!needsCode.value && html`<${OtherWays} app=${app} />`}
    ${inDialog && !needsCode.value && html`<p class="dialog-more">${t('sign-in.no-account')}</p>`}
    <p class="dialog-more"><button type="button" class="link" data-testid="owner-key-instead" onClick=${instead}>${t('owner.key-instead')}</button></p>
  `;
}

const NameAndPassword = ({ form, fields: { name, password }, inDialog }) => html`
  <${Field} form=${form} name="name" label=${t('handle.label')} value=${name} data-testid="sign-in-name" autocomplete="username" maxlength="32" autofocus=${inDialog} />
  <${PasswordField} form=${form} name="password" label=${t('password.label')} help=${t('sign-in.forgotten')} value=${password}
    data-testid="sign-in-password" autocomplete="current-password" />
`;

function Code({ form, code }) {
  const field = useRef(null);
  useLayoutEffect(() => field.current.querySelector('input').focus(), []);
  return html`
    <div ref=${field}>
      <${Field} form=${form} name="code" label=${t('sign-in.code')} help=${t('sign-in.code-help')} value=${code} data-testid="sign-in-code"
        autocomplete="one-time-code" maxlength="32" />
    </div>
  `;
}

/** What there is beside a password, once it is known. */
function OtherWays({ app }) {
  const ways = useSignal(null);
  const problem = useSignal(null);
  const busy = useSignal(false);
  useEffect(() => void app.fetchWays().then((found) => { ways.value = found; }, () => null), []);
  const go = async (act) => {
    if (busy.value) return;
    busy.value = true;
    problem.value = null;
    try {
      await act();
    } catch (error) {
      problem.value = error.message;
    }
    busy.value = false;
  };
  const { passkeys, provider } = ways.value ?? {};
  const hasPasskeys = passkeys && canUsePasskeys();
  if (!hasPasskeys && !provider) return null;
  return html`
    <div class="other-ways">
      ${hasPasskeys && html`<button type="button" class="secondary" data-testid="sign-in-passkey" aria-disabled=${busy.value} onClick=${() => go(app.signInWithPasskey)}>
        <${Icon} name="key" />${t('passkeys.sign-in')}</button>`}
      ${provider && html`<button type="button" class="secondary" data-testid="sign-in-provider" aria-disabled=${busy.value} onClick=${() => go(app.departToSignIn)}>
        ${t('provider.sign-in', { name: provider })}</button>`}
      <p class="problem" role="alert" data-testid="other-ways-problem">${problem.value}</p>
    </div>
  `;
}

const WithKey = ({ app, instead }) => html`
  <${OneField} label=${t('owner.key')} help=${t('owner.help')}
    field=${{ 'data-testid': 'owner-key', type: 'password', required: true, autocomplete: 'off' }}
    action=${{ testid: 'owner-submit', label: t('owner.sign-in') }} act=${app.signInWithKey} />
  <p class="dialog-more"><button type="button" class="link" data-testid="sign-in-with-name" onClick=${instead}>${t('sign-in.with-name')}</button></p>
`;
