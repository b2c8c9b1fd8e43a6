// Which collections of documents answer in a room.

import { html, useEffect, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { closeDialog, notify } from '../../ui.js';
import { Fetching, useFetched } from '../fetched.js';
import { Checks, FormProblem, useForm } from '../form.js';

export function RoomCollections({ app, room }) {
  const list = useFetched(app.fetchCollections);
  const chosen = useSignal([]);
  const collections = list.value.value;
  useEffect(() => {
    chosen.value = (collections ?? []).filter(({ rooms }) => rooms.includes(room.name)).map(({ name }) => name);
  }, [collections]);
  const form = useForm({
    act: async () => {
      await app.chooseCollections(room.name, chosen.value);
      closeDialog();
      notify(t('room-settings.was-saved'), { kind: 'done' });
    },
    isReady: () => Boolean(collections),
  });
  return html`
    <form ...${form.handlers} data-testid="room-collections">
      <${Fetching} fetched=${list} />
      ${collections?.length === 0 && html`<p class="nothing" data-testid="room-collections-none">${t('room-settings.no-collections')}</p>`}
      ${collections?.length > 0 && html`
        <${Checks} name="room-collection" label=${t('room-settings.collections-means')} value=${chosen}
          options=${collections.map(({ name, documents }) => [name, name, t('collections.documents', { n: documents })])} />`}
      <${FormProblem} form=${form} />
      <div class="buttons">
        <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
        <button type="submit" class="primary" data-testid="room-collections-save" aria-disabled=${form.isWaiting()}>${t('save')}</button>
      </div>
    </form>
  `;
}
