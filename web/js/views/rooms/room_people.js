// Who may enter a closed room: adding, removing, leaving.

import { html, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { closeDialog, openDialog } from '../../ui.js';
import { Avatar } from '../avatar.js';
import { Field, FormProblem, useForm } from '../form.js';
import { RoleMark } from '../role_mark.js';

export function RoomPeople({ app, room, refresh }) {
  const problem = useSignal(null);
  const manages = room.may.includes('manage');
  const people = room.people ?? [];
  const remove = async (handle) => {
    try {
      await app.removeFromRoom(room.name, handle);
      problem.value = null;
    } catch (error) {
      problem.value = error.message;
    }
    refresh();
  };
  const leave = () => openDialog('confirm', {
    title: t('room-settings.leave-this', { room: room.title ?? room.name }),
    text: t('room-settings.leave-means'),
    label: t('room-settings.leave'),
    act: () => app.leaveRoom(room.name),
  });
  return html`
    <div data-testid="room-people">
      ${manages && html`<${Add} app=${app} room=${room} people=${people} refresh=${refresh} />`}
      <ul class="room-people" aria-label=${t('room-settings.people')}>
        ${people.map((person) => html`<${Person} key=${person.handle} app=${app} room=${room} person=${person}
          remove=${manages && (() => remove(person.handle))} leave=${leave} />`)}
      </ul>
      <p class="problem" role="alert">${problem.value}</p>
      <div class="buttons">
        ${manages && app.may('manage_people') && html`<button type="button" class="secondary" data-testid="room-invite"
          onClick=${() => openDialog('invite', { room: room.name })}>${t('room-settings.invite')}</button>`}
        <button type="button" class="secondary" onClick=${closeDialog}>${t('close')}</button>
      </div>
    </div>
  `;
}

function Person({ app, room, person: { handle, role }, remove, leave }) {
  const isOneself = handle === app.name();
  return html`
    <li data-testid="room-person">
      <${Avatar} handle=${handle} role="user" /><span class="name">${handle}</span>
      ${handle === room.owner && html`<span class="tag">${t('room-settings.owner')}</span>`}
      <${RoleMark} of=${{ handle, role: 'user', author_role: role }} />
      ${isOneself && html`<button type="button" class="link" data-testid="room-leave" onClick=${leave}>${t('room-settings.leave')}</button>`}
      ${!isOneself && remove && html`
        <button type="button" class="link" data-testid="room-person-remove" aria-label=${t('room-settings.remove-this', { name: handle })} onClick=${remove}>${t('room-settings.remove')}</button>`}
    </li>
  `;
}

function Add({ app, room, people, refresh }) {
  const name = useSignal('');
  const known = useSignal([]);
  const form = useForm({
    act: async () => {
      await app.addToRoom(room.name, name.value.trim());
      name.value = '';
      refresh();
    },
    isReady: () => Boolean(name.value.trim()),
    fieldOf: { not_found: 'person', bad_handle: 'person' },
  });
  const complete = async (typed) => {
    const found = await app.namesLike(typed);
    known.value = found.filter((handle) => !people.some((person) => person.handle === handle));
  };
  return html`
    <form class="room-add" ...${form.handlers}>
      <${Field} form=${form} name="person" label=${t('room-settings.add-label')} value=${name} data-testid="room-add-name" maxlength="32" autocomplete="off"
        list="known-people" autofocus onFocus=${() => complete(name.value)} onKeyUp=${() => complete(name.value)} />
      <datalist id="known-people">${known.value.map((handle) => html`<option value=${handle}></option>`)}</datalist>
      <button type="submit" class="primary" data-testid="room-add" aria-disabled=${form.isWaiting()}>${t('room-settings.add')}</button>
    </form>
    <${FormProblem} form=${form} />
  `;
}
