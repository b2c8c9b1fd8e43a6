// Setting up an authenticator app: the password, the app's secret and its first code, and then the recovery codes, once.

import { html, useLayoutEffect, useRef, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { closeDialog } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { Field, FormProblem, PasswordField, useForm } from '../form.js';
import { QrCode } from '../qr_code.js';
import { copied } from '../secret.js';

export { loadDialogStyles as loadStyles } from './styles.js';

/** `renews`: only the recovery codes. `changed()` once it is done. */
export function SecondFactorDialog({ app, renews = false, changed }) {
  const password = useSignal('');
  const enrollment = useSignal(null);
  const codes = useSignal(null);
  const done = (made) => {
    codes.value = made;
    changed();
  };
  const confirmed = async () => {
    if (renews) return done(await app.renewRecoveryCodes(password.value));
    enrollment.value = await app.startSecondFactor(password.value);
  };
  const title = t(codes.value || renews ? 'factor.recovery' : 'factor.add');
  return html`
    <${Dialog} title=${title}>
      ${codes.value
        ? html`<${RecoveryCodes} codes=${codes.value} />`
        : enrollment.value
          ? html`<${App} app=${app} enrollment=${enrollment.value} password=${password} done=${done} />`
          : html`<${Confirm} password=${password} act=${confirmed} words=${t(renews ? 'factor.renew-means' : 'factor.add-means')} />`}
    <//>
  `;
}

function Confirm({ password, act, words }) {
  const form = useForm({ act, isReady: () => Boolean(password.value), fieldOf: { bad_password: 'password' } });
  return html`
    <form ...${form.handlers} data-testid="factor-confirm">
      <p>${words}</p>
      <${PasswordField} form=${form} name="password" label=${t('password.label')} value=${password} data-testid="factor-password" autocomplete="current-password" autofocus />
      <${FormProblem} form=${form} />
      <${Buttons} form=${form} testid="factor-go-on" label=${t('factor.go-on')} />
    </form>
  `;
}

function App({ app, enrollment: { secret, url }, password, done }) {
  const code = useSignal('');
  const field = useRef(null);
  useLayoutEffect(() => field.current.querySelector('[name=code]').focus(), []);
  const form = useForm({
    act: async () => done(await app.addSecondFactor({ secret, code: code.value.trim(), password: password.value })),
    isReady: () => Boolean(code.value.trim()),
    fieldOf: { bad_code: 'code' },
  });
  return html`
    <form ...${form.handlers} data-testid="factor-app">
      <div ref=${field}>
        <p>${t('factor.scan')}</p>
        <${QrCode} text=${url} label=${t('factor.qr-code')} />
        <p class="factor-secret"><a href=${url} data-testid="factor-url">${t('factor.open')}</a> <code data-testid="factor-secret">${secret.match(/.{1,4}/g).join(' ')}</code></p>
        <${Field} form=${form} name="code" label=${t('sign-in.code')} help=${t('factor.code-help')} value=${code} data-testid="factor-code"
          autocomplete="one-time-code" inputmode="numeric" maxlength="10" />
      </div>
      <${FormProblem} form=${form} />
      <${Buttons} form=${form} testid="factor-finish" label=${t('factor.finish')} />
    </form>
  `;
}

function RecoveryCodes({ codes }) {
  const text = useRef(null);
  const isCopied = useSignal(false);
  const copy = async () => {
    isCopied.value = await copied(text.current);
  };
  return html`
    <p>${t('factor.recovery-means')}</p>
    <textarea ref=${text} class="recovery-codes" data-testid="recovery-codes" rows="10" readonly aria-label=${t('factor.recovery')} value=${codes.join('\n')}></textarea>
    <p class="copied" role="status">${isCopied.value && t('secret.was-copied')}</p>
    <div class="buttons">
      <button type="button" class="secondary" data-testid="recovery-done" onClick=${closeDialog}>${t('secret.done')}</button>
      <button type="button" class="primary" data-testid="recovery-copy" onClick=${copy}>${t('factor.copy')}</button>
    </div>
  `;
}

const Buttons = ({ form, testid, label }) => html`
  <div class="buttons">
    <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
    <button type="submit" class="primary" data-testid=${testid} aria-disabled=${form.isWaiting()}>${label}</button>
  </div>
`;
