// Making an invitation: for what, for how many, for how long and to which rooms, and then its link, once.

import { rolesToGive } from '../../accounts/roles.js';
import { html, useEffect, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { invitationLink } from '../../router.js';
import { closeDialog } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { Choice, FormProblem, useForm } from '../form.js';
import { Icon } from '../icons.js';
import { QrCode } from '../qr_code.js';
import { Secret } from '../secret.js';

export { loadDialogStyles as loadStyles } from './styles.js';

const PEOPLE = [1, 5, 20, 100];
const ANY_NUMBER = 'any';
const DAYS = [1, 7, 30];

/** `made()` once there is one; `room` is one to which it leads. */
export function Invite({ app, room = null, made = () => {} }) {
  const link = useSignal(null);
  return html`
    <${Dialog} title=${t('invitations.title-new')}>
      ${link.value
        ? html`<${InvitationLink} link=${link.value} />`
        : html`<${InvitationForm} app=${app} room=${room} done=${(made_link) => { link.value = made_link; made(); }}>
            <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button><//>`}
    <//>
  `;
}

/** The link with its code; all other values are those of a secret. */
export const InvitationLink = ({ link, ...values }) => html`
  <${Secret} means=${t('invitations.link-means')} label=${t('invitations.link')} copy=${t('invitations.copy')} value=${link} ...${values}><${QrCode} text=${link} label=${t('qr.label')} means=${t('qr.means')} /><//>
`;

/** `done(link)` once there is one; `children` is a button beside the one that makes it. */
export function InvitationForm({ app, room = null, people: usually = 1, done, children }) {
  const role = useSignal('member');
  const people = useSignal(String(usually));
  const days = useSignal('7');
  const rooms = useSignal(room ? [room] : []);
  const form = useForm({
    act: async () => {
      const uses = people.value === ANY_NUMBER ? null : Number(people.value);
      const { token } = await app.createInvitation({ role: role.value, uses, days: Number(days.value), rooms: rooms.value });
      done(invitationLink(location.origin, token));
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
      <${Rooms} app=${app} chosen=${rooms} />
      <${FormProblem} form=${form} />
      <div class="buttons">
        ${children}
        <button type="submit" class="primary" data-testid="invite-make" aria-disabled=${form.isWaiting()}>${t('invitations.make')}</button>
      </div>
    </form>
  `;
}

/** Any of the rooms that this person may manage; `chosen` is a signal with their names. */
function Rooms({ app, chosen }) {
  const rooms = useSignal([]);
  useEffect(() => void app.fetchRooms({ all: true }).then((found) => { rooms.value = found.filter(({ archived }) => !archived); }, () => {}), []);
  const isChosen = ({ name }) => chosen.value.includes(name);
  const left = rooms.value.filter((room) => !isChosen(room));
  const titleOf = (name) => rooms.value.find((room) => room.name === name)?.title || name;
  const choose = (event) => {
    if (event.target.value) chosen.value = [...chosen.value, event.target.value];
    event.target.value = '';
  };
  if (rooms.value.length === 0 && chosen.value.length === 0) return null;
  return html`
    <label>${t('invitations.rooms')}
      <select data-testid="invite-rooms" value="" onChange=${choose} disabled=${left.length === 0}>
        <option value="">${t('invitations.rooms-add')}</option>
        ${left.map(({ name, title, kind }) => html`<option value=${name}>${kind === 'closed' ? t('invitations.rooms-closed', { name: title || name }) : title || name}</option>`)}
      </select></label>
    <ul class="chosen-rooms">
      ${chosen.value.map((name) => html`<li key=${name} data-testid="invite-room"><span>${titleOf(name)}</span>
        <button type="button" class="tool" aria-label=${t('invitations.rooms-remove', { name: titleOf(name) })}
          onClick=${() => { chosen.value = chosen.value.filter((one) => one !== name); }}><${Icon} name="close" /></button></li>`)}
    </ul>
    <p class="soft">${t('invitations.rooms-help')}</p>
  `;
}
