// Making an invitation: for what, for how many and for how long, and then its link, once.

import { rolesToGive } from '../../accounts/roles.js';
import { html, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { invitationLink } from '../../router.js';
import { closeDialog } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { Choice, FormProblem, useForm } from '../form.js';
import { Secret } from '../secret.js';

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
        ? html`<${Secret} means=${t('invitations.link-means')} label=${t('invitations.link')} copy=${t('invitations.copy')} value=${link.value} />`
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
      <${Choice} data-testid="invite-role" label=${t('invitations.role')} value=${role} options=${rolesToGive(app.chat.user.value.role).map((one) => [one, t(`role.${one}`)])} autofocus />
      <${Choice} data-testid="invite-people" label=${t('invitations.how-many')} value=${people}
        options=${[...PEOPLE.map((n) => [String(n), t('invitations.people', { n })]), [ANY_NUMBER, t('invitations.any-number')]]} />
      <${Choice} data-testid="invite-days" label=${t('invitations.how-long')} value=${days} options=${DAYS.map((n) => [String(n), t('invitations.days', { n })])} />
      <${FormProblem} form=${form} />
      <div class="buttons">
        <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
        <button type="submit" class="primary" data-testid="invite-make" aria-disabled=${form.isWaiting()}>${t('invitations.make')}</button>
      </div>
    </form>
  `;
}
