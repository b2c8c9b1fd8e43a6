// Making a hook: for which room and under which name, and then its address, once.

import { html, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { closeDialog } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { Field, FormProblem, useForm } from '../form.js';
import { stylesOf } from '../lazy.js';
import { Secret } from '../secret.js';

export const loadStyles = () => stylesOf('forms', 'accounts');

/** `made()` once there is one. */
export function NewHook({ app, made }) {
  const address = useSignal(null);
  return html`
    <${Dialog} title=${t('hooks.new')}>
      ${address.value
        ? html`<${Secret} means=${t('hooks.address-means')} label=${t('hooks.address')} copy=${t('hooks.copy')} value=${address.value} />`
        : html`<${Form} app=${app} done=${(path) => { address.value = location.origin + path; made(); }} />`}
    <//>
  `;
}

function Form({ app, done }) {
  const name = useSignal('');
  const room = useSignal('');
  const form = useForm({
    act: async () => done((await app.createHook({ name: name.value.trim(), room: room.value.trim() })).url),
    isReady: () => Boolean(name.value.trim() && room.value.trim()),
    fieldOf: { bad_handle: 'name', bad_room: 'room' },
  });
  return html`
    <form ...${form.handlers} data-testid="hook-form">
      <${Field} form=${form} name="name" label=${t('hooks.name')} help=${t('hooks.name-help')} value=${name} data-testid="hook-name" maxlength="32" autocomplete="off" autofocus />
      <${Field} form=${form} name="room" label=${t('hooks.room')} help=${t('hooks.room-help')} value=${room} data-testid="hook-room" maxlength="64" autocomplete="off" list="hook-rooms" />
      <datalist id="hook-rooms">${app.chat.listed.value.filter(({ kind }) => kind !== 'direct').map(({ name: one, title }) => html`<option value=${one}>${title}</option>`)}</datalist>
      <${FormProblem} form=${form} />
      <div class="buttons">
        <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
        <button type="submit" class="primary" data-testid="hook-make" aria-disabled=${form.isWaiting()}>${t('hooks.make')}</button>
      </div>
    </form>
  `;
}
