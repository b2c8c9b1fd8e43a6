// Deleting an account for good, one's own or somebody's; for guests, being forgotten.

import { html, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { closeDialog, notify } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { FormProblem, PasswordField, Radios, useForm } from '../form.js';

export { loadDialogStyles as loadStyles } from './styles.js';

const KEEP = 'keep';
const CHOICES = [KEEP, 'remove'];

/** One's own. */
export function Leave({ app, hasPassword }) {
  const isGuest = !app.hasAccount();
  const password = useSignal('');
  const messages = useSignal(KEEP);
  const form = useForm({
    act: async () => {
      await app.leave({ messages: messages.value, ...(hasPassword && { password: password.value }) });
      closeDialog();
      notify(t(isGuest ? 'own-data.was-forgotten' : 'own-data.was-deleted'), { kind: 'done' });
    },
    isReady: () => true,
    fieldOf: { bad_password: 'password' },
  });
  return html`
    <${Dialog} title=${t(isGuest ? 'own-data.forget-title' : 'own-data.delete-title')}>
      <form ...${form.handlers} data-testid="leave-form">
        <p>${t(isGuest ? 'own-data.forget-means' : 'own-data.delete-means')}</p>
        <${MessageChoice} value=${messages} />
        ${hasPassword && html`<input type="text" class="unseen" name="username" autocomplete="username" value=${app.name()} readonly tabindex="-1" aria-hidden="true" />
          <${PasswordField} form=${form} name="password" label=${t('password.label')} help=${t('own-data.password-help')} value=${password}
            data-testid="leave-password" autocomplete="current-password" />`}
        <${Buttons} form=${form} words=${isGuest ? 'own-data.forget' : 'own-data.delete'} />
      </form>
    <//>
  `;
}

/** Somebody's; `done()` when it is deleted. */
export function RemoveAccount({ app, account, done }) {
  const messages = useSignal(KEEP);
  const form = useForm({
    act: async () => {
      await app.removeAccount(account.id, messages.value);
      closeDialog();
      notify(t('accounts.was-removed', { name: account.name }), { kind: 'done' });
      done();
    },
    isReady: () => true,
  });
  return html`
    <${Dialog} title=${t('accounts.remove-title', { name: account.name })}>
      <form ...${form.handlers} data-testid="remove-account-form">
        <p>${t('accounts.remove-means')}</p>
        <${MessageChoice} value=${messages} />
        <${Buttons} form=${form} words="accounts.remove" />
      </form>
    <//>
  `;
}

const MessageChoice = ({ value }) => html`
  <${Radios} name="left-messages" label=${t('own-data.messages')} value=${value}
    options=${CHOICES.map((one) => [one, t(`own-data.messages-${one}`), t(`own-data.messages-${one}-means`)])} />
`;

const Buttons = ({ form, words }) => html`
  <${FormProblem} form=${form} />
  <div class="buttons">
    <button type="button" class="secondary" autofocus onClick=${closeDialog}>${t('cancel')}</button>
    <button type="submit" class="primary" data-testid="leave-submit" aria-disabled=${form.isWaiting()}>${t(words)}</button>
  </div>
`;
