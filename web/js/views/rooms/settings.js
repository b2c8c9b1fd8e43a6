// What can be changed about a room: what it is, who may enter it, and how its bot speaks.

import { html, useEffect, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { Dialog } from '../dialog.js';
import { General } from './general.js';
import { Persona } from './persona.js';
import { RoomCollections } from './room_collections.js';
import { RoomPeople } from './room_people.js';

export { loadDialogStyles as loadStyles } from './styles.js';

const PARTS = { general: General, people: RoomPeople, bot: Persona, documents: RoomCollections };

export function RoomSettings({ app, room: name }) {
  const room = useSignal(null);
  const problem = useSignal(null);
  const part = useSignal(null);
  const refresh = async () => {
    try {
      room.value = await app.fetchRoom(name);
    } catch (error) {
      problem.value = error.message;
    }
  };
  useEffect(() => void refresh(), []);
  const parts = partsOf(app, room.value);
  const shown = part.value ?? parts[0];
  const Part = PARTS[shown];
  return html`
    <${Dialog} title=${t('room-settings.of', { room: app.titleOf(name) })} kind="wide-dialog">
      ${parts.length > 1 && html`
        <div class="parts" role="group" aria-label=${t('room-settings.title')}>
          ${parts.map((one) => html`<button type="button" data-testid="room-settings-${one}" aria-pressed=${one === shown}
            onClick=${() => { part.value = one; }}>${t(`room-settings.${one}`)}</button>`)}
        </div>`}
      ${Part && html`<${Part} app=${app} room=${room.value} refresh=${refresh} />`}
      ${!room.value && html`<p class=${problem.value ? 'problem' : 'nothing'} role=${problem.value ? 'alert' : 'status'}>${problem.value ?? t('list.loading')}</p>`}
    <//>
  `;
}

function partsOf(app, room) {
  if (!room) return [];
  const manages = room.may.includes('manage');
  return [manages && 'general', room.kind === 'closed' && 'people', manages && 'bot', manages && app.may('manage_documents') && 'documents'].filter(Boolean);
}
