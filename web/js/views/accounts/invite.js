// Making an invitation: for what, for how many and for how long, and then its link, once.

import { rolesToGive } from '../../accounts/roles.js';
import { html, useLayoutEffect, useRef, useSignal } from '../../html.js';
import { locale, t } from '../../i18n.js';
import { invitationLink } from '../../router.js';
import { closeDialog } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { FormProblem, useForm } from './form.js';

export { loadDialogStyles as loadStyles } from './styles.js';

const PEOPLE = [1, 5, 20, 100];
const ANY_NUMBER = 'any';
const DAYS = [1, 7, 30];

/** `made()` once there is one. */
export function Invite({ app, made }) {
  const link = useSignal(null);
  return html`
    <${Dialog} title=${t('invitations.title-new')}>
      ${link.value
        ? html`<${Link} link=${link.value} />`
        : html`<${Choices} app=${app} done=${(token) => { link.value = invitationLink(location.origin, token); made(); }} />`}
    <//>
  `;
}

function Choices({ app, done }) {
  const role = useSignal('member');
  const people = useSignal('1');
  const days = useSignal('7');
  const form = useForm({
    act: async () => {
      const uses = people.value === ANY_NUMBER ? null : Number(people.value);
      const { token } = await app.createInvitation({ role: role.value, uses, days: Number(days.value) });
      done(token);
    },
    isReady: () => true,
  });
  return html`
    <form ...${form.handlers} data-testid="invite-form">
      <p>${t('invitations.help')}</p>
      <${Choice} name="role" label=${t('invitations.role')} value=${role} options=${rolesToGive(app.chat.user.value.role).map((one) => [one, t(`role.${one}`)])} autofocus />
      <${Choice} name="people" label=${t('invitations.how-many')} value=${people}
        options=${[...PEOPLE.map((n) => [String(n), t('invitations.people', { n })]), [ANY_NUMBER, t('invitations.any-number')]]} />
      <${Choice} name="days" label=${t('invitations.how-long')} value=${days} options=${DAYS.map((n) => [String(n), t('invitations.days', { n })])} />
      <${FormProblem} form=${form} />
      <div class="buttons">
        <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
        <button type="submit" class="primary" data-testid="invite-make" aria-disabled=${form.isWaiting()}>${t('invitations.make')}</button>
      </div>
    </form>
  `;
}

const Choice = ({ name, label, value, options, ...attributes }) => html`
  <label>${label}
    <select key=${locale.value} data-testid="invite-${name}" value=${value.value} ...${attributes} onChange=${(event) => { value.value = event.target.value; }}>
      ${options.map(([option, words]) => html`<option value=${option} selected=${option === value.value}>${words}</option>`)}
    </select></label>
`;

function Link({ link }) {
  const input = useRef(null);
  const isCopied = useSignal(false);
  useLayoutEffect(() => {
    input.current.focus();
    input.current.select();
  }, []);
  const copy = async () => {
    isCopied.value = await copied(input.current);
  };
  return html`
    <p>${t('invitations.link-means')}</p>
    <label for="invite-link">${t('invitations.link')}</label>
    <input id="invite-link" ref=${input} data-testid="invite-link" readonly value=${link} onFocus=${(event) => event.target.select()} />
    <p class="copied" role="status" data-testid="invite-copied">${isCopied.value && t('invitations.was-copied')}</p>
    <div class="buttons">
      <button type="button" class="secondary" data-testid="invite-done" onClick=${closeDialog}>${t('invitations.done')}</button>
      <button type="button" class="primary" data-testid="invite-copy" onClick=${copy}>${t('invitations.copy')}</button>
    </div>
  `;
}

// The clipboard is there only where the page came over https or from this machine.
async function copied(input) {
  input.select();
  if (!navigator.clipboard) return document.execCommand('copy');
  return navigator.clipboard.writeText(input.value).then(() => true, () => document.execCommand('copy'));
}
