// Where an invitation leads: what one is invited as, and a name and a password for the account.

import { html, useEffect, useSignal } from '../../html.js';
import { listOf, t } from '../../i18n.js';
import { hasKeyboard } from '../../keys.js';
import { notify } from '../../ui.js';
import { Field, FormProblem, PasswordField, useForm } from '../form.js';
import { Icon } from '../icons.js';
import { ACCESS, AccessChoice } from '../access_choice.js';
import { Alone } from './alone.js';
import { InvitationForm, InvitationLink } from './invite.js';

export { loadPageStyles as loadStyles } from './styles.js';

export function Join({ app, part }) {
  const setUp = useSignal(null);
  return html`
    <${Alone} app=${app} testid="join">${setUp.value
      ? html`<${Ready} app=${app} access=${setUp.value} />`
      : html`<${Invitation} key=${part.token} app=${app} token=${part.token} setUp=${setUp} />`}<//>
  `;
}

function Invitation({ app, token, setUp }) {
  const { invitation, problem, isDead, ask } = useInvitation(app, token);
  if (app.hasAccount()) return html`<${HasAccount} app=${app} />`;
  if (isDead) return html`<${Dead} app=${app} words=${token ? 'join.dead' : 'join.incomplete'} />`;
  if (problem) {
    return html`<p class="problem" role="alert">${problem}
      <button type="button" class="link" onClick=${ask}><${Icon} name="again" />${t('job.again')}</button></p>`;
  }
  if (!invitation) return html`<p class="soft" role="status">${t('list.loading')}</p>`;
  return html`<${NewAccount} app=${app} token=${token} invitation=${invitation} setUp=${setUp} />`;
}

function useInvitation(app, token) {
  const invitation = useSignal(null);
  const problem = useSignal(null);
  const ask = async () => {
    problem.value = null;
    try {
      invitation.value = await app.showInvitation(token);
    } catch (error) {
      problem.value = error;
    }
  };
  useEffect(() => {
    if (token) ask();
  }, []);
  const isDead = !token || problem.value?.cause?.code === 'bad_invitation';
  return { invitation: invitation.value, problem: problem.value?.message, isDead, ask };
}

/** `setUp` gets who may come in, once that is decided with the first account. */
function NewAccount({ app, token, invitation: { role, first, rooms = [] }, setUp }) {
  const handle = app.handle();
  const name = useSignal(handle ?? '');
  const password = useSignal('');
  const access = useSignal(ACCESS[0]);
  const form = useForm({
    act: async () => {
      await app.createAccount({ invitation: token, name: name.value.trim(), password: password.value });
      if (first) {
        if (access.value !== ACCESS[0]) await app.changeSettings({ access: access.value });
        setUp.value = access.value;
        return;
      }
      if (rooms.length > 0) app.openFirst(rooms.map((room) => room.name));
      else app.endPlace();
      notify(t('join.welcome', { name: name.value.trim() }), { kind: 'done' });
    },
    isReady: () => Boolean(name.value.trim() && password.value),
    fieldOf: { bad_handle: 'name', name_taken: 'name', bad_new_password: 'password' },
  });
  return html`
    <h1>${t(first ? 'join.first' : `join.as-${role}`)}</h1>
    <p class="soft">${t(`join.means-${role}`)}</p>
    ${rooms.length > 0 && html`<p class="soft" data-testid="join-rooms">${t('join.rooms', { rooms: listOf(rooms.map(({ name: room, title }) => title || room)) })}</p>`}
    <form ...${form.handlers} data-testid="join-form">
      <${Field} form=${form} name="name" label=${t('handle.label')} help=${t('handle.help')} value=${name} data-testid="join-name"
        autocomplete="username" maxlength="32" autofocus=${hasKeyboard() && !handle} />
      <${PasswordField} form=${form} name="password" label=${t('password.label')} help=${t('password.help')} value=${password} data-testid="join-password"
        autocomplete="new-password" autofocus=${hasKeyboard() && Boolean(handle)} />
      ${first && html`<${AccessChoice} value=${access} />`}
      ${handle && html`<p class="soft" data-testid="join-comes-along">${t('join.comes-along', { name: handle })}</p>`}
      <${FormProblem} form=${form} />
      <button type="submit" class="primary" data-testid="join-submit" aria-disabled=${form.isWaiting()}>${t(first ? 'join.set-up' : 'join.do')}</button>
    </form>
  `;
}

/** The server is set up: the first others are invited. */
function Ready({ app, access }) {
  const link = useSignal(null);
  const isInviting = access !== 'members';
  return html`
    <h1>${t('join.ready-title')}</h1>
    <p class="soft" data-testid="join-ready">${t(`join.ready-${access}`)}</p>
    ${!app.chat.user.value?.account && html`<p class="soft" role="status">${t('list.loading')}</p>`}
    ${app.chat.user.value?.account && isInviting && (link.value
      ? html`<${InvitationLink} link=${link.value} done=${app.endPlace} doneWords="join.to-rooms" />`
      : html`<${InvitationForm} app=${app} people=${5} done=${(made) => { link.value = made; }}>
          <button type="button" class="secondary" data-testid="join-to-rooms" onClick=${app.endPlace}>${t('join.to-rooms')}</button><//>`)}
    ${app.chat.user.value?.account && !isInviting && html`<div class="alone-ways">
      <button type="button" class="primary" data-testid="join-to-people" onClick=${() => app.openPeople()}>${t('accounts.make')}</button>
      <button type="button" class="secondary" data-testid="join-to-rooms" onClick=${app.endPlace}>${t('join.to-rooms')}</button></div>`}
  `;
}

const Dead = ({ app, words }) => html`
  <h1>${t(`${words}-title`)}</h1>
  <p class="soft" role="alert" data-testid="join-dead">${t(words)}</p>
  <${ToRooms} app=${app} />
`;

const HasAccount = ({ app }) => html`
  <h1>${t('join.has-account-title', { name: app.name() })}</h1>
  <p class="soft" data-testid="join-has-account">${t('join.has-account')}</p>
  <div class="alone-ways"><${ToRooms} app=${app} /><button type="button" class="secondary" onClick=${app.signOut}>${t('sign-in.out')}</button></div>
`;

const ToRooms = ({ app }) => html`<button type="button" class="primary" data-testid="join-to-rooms" onClick=${app.endPlace}>${t('join.to-rooms')}</button>`;
