// The collections: making, naming and deleting them. Which rooms have one is said here, and chosen in the rooms' settings.

import { html, useSignal } from '../../html.js';
import { listOf, t } from '../../i18n.js';
import { closeDialog } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { Fetching, useFetched } from '../fetched.js';
import { Field, FormProblem, useForm } from '../form.js';
import { stylesOf } from '../lazy.js';
import { OneField } from '../one_field.js';

export const loadStyles = () => stylesOf('forms', 'room_dialogs');

/** `changed()` after each change. */
export function Collections({ app, changed }) {
  const list = useFetched(app.fetchCollections);
  const problem = useSignal(null);
  const renamed = useSignal(null);
  const refresh = () => {
    list.refresh();
    changed();
  };
  const remove = async (name) => {
    try {
      await app.deleteCollection(name);
      problem.value = null;
    } catch (error) {
      problem.value = error.message;
    }
    refresh();
  };
  if (renamed.value) {
    return html`<${Rename} app=${app} name=${renamed.value} done=${() => { renamed.value = null; refresh(); }} />`;
  }
  return html`
    <${Dialog} title=${t('collections.title')} kind="wide-dialog">
      <div data-testid="collections">
        <p>${t('collections.means')}</p>
        <${Add} app=${app} refresh=${refresh} />
        <${Fetching} fetched=${list} />
        <ul class="room-people" aria-label=${t('collections.title')}>
          ${list.value.value?.map((one) => html`<${Collection} key=${one.name} app=${app} collection=${one} rename=${() => { renamed.value = one.name; }} remove=${() => remove(one.name)} />`)}
        </ul>
        <p class="problem" role="alert" data-testid="collections-problem">${problem.value}</p>
        <div class="buttons"><button type="button" class="secondary" onClick=${closeDialog}>${t('close')}</button></div>
      </div>
    <//>
  `;
}

function Collection({ app, collection: { name, documents, rooms }, rename, remove }) {
  const where = rooms.length > 0 ? t('collections.in', { rooms: listOf(rooms.map((room) => app.titleOf(room))) }) : t('collections.in-none');
  return html`
    <li data-testid="collection">
      <span class="name">${name}<small class="soft"> ${t('collections.documents', { n: documents })} · ${where}</small></span>
      <button type="button" class="link" data-testid="collection-rename" aria-label=${t('collections.rename-this', { name })} onClick=${rename}>${t('collections.rename')}</button>
      <button type="button" class="link" data-testid="collection-delete" aria-label=${t('collections.delete-this', { name })} onClick=${remove}>${t('collections.delete')}</button>
    </li>
  `;
}

function Add({ app, refresh }) {
  const name = useSignal('');
  const form = useForm({
    act: async () => {
      await app.createCollection(name.value.trim());
      name.value = '';
      refresh();
    },
    isReady: () => Boolean(name.value.trim()),
    fieldOf: { name_taken: 'name', bad_collection: 'name' },
  });
  return html`
    <form class="room-add" ...${form.handlers}>
      <${Field} form=${form} name="name" label=${t('collections.new')} value=${name} data-testid="collection-name" maxlength="80" autocomplete="off" autofocus />
      <button type="submit" class="primary" data-testid="collection-add" aria-disabled=${form.isWaiting()}>${t('collections.add')}</button>
    </form>
    <${FormProblem} form=${form} />
  `;
}

const Rename = ({ app, name, done }) => html`
  <${Dialog} title=${t('collections.rename-this', { name })}>
    <${OneField} label=${t('collections.name')} field=${{ 'data-testid': 'collection-new-name', value: name, required: true, maxlength: 80, autocomplete: 'off' }}
      action=${{ testid: 'collection-save', label: t('save') }} act=${async (wanted) => { await app.renameCollection(name, wanted); done(); }}>
      <button type="button" class="secondary" onClick=${done}>${t('cancel')}</button>
    <//>
  <//>
`;
