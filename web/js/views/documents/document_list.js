// The list of documents, with what is known of the index they are found in.

import { EVERYTHING } from '../../documents/shelf.js';
import { html, useRef } from '../../html.js';
import { fullTime, LANGUAGES, moment, number, percent, t } from '../../i18n.js';
import { documentsPath } from '../../router.js';
import { openDialog } from '../../ui.js';
import { FilterChoice } from '../filter_choice.js';
import { Icon } from '../icons.js';
import { insidePage } from '../links.js';
import { FilePicker } from './file_picker.js';
import { removeDocument } from './remove.js';
import { UploadList } from './uploads.js';

const COLUMNS = ['title', 'state', 'passages', 'room', 'created', 'updated'];
const STATES = ['waiting', 'indexing', 'searchable', 'ready'];
const KINDS = ['text', 'faq'];

export function DocumentList({ app, shelf, uploads, take }) {
  const documents = shelf.documents.value;
  const isEmpty = documents?.length === 0 && !isFiltered(shelf);
  return html`
    <div class="page-body">
      <${UploadList} app=${app} uploads=${uploads} />
      ${app.may('manage_documents') && html`<${Tools} app=${app} shelf=${shelf} />`}
      ${isEmpty
        ? html`<${Empty} app=${app} take=${take} />`
        : html`<${IndexLine} index=${shelf.index.value} /><${Filters} app=${app} shelf=${shelf} /><${Table} app=${app} shelf=${shelf} />`}
    </div>
  `;
}

const Tools = ({ app, shelf }) => html`
  <p class="documents-tools">
    <button type="button" class="link" data-testid="documents-try" onClick=${() => app.openDocuments({ name: 'try' })}>${t('trial.open')}</button>
    <button type="button" class="link" data-testid="questions-open" onClick=${() => app.openDocuments({ name: 'questions' })}>${t('questions.title')}</button>
    <button type="button" class="link" data-testid="collections-open" onClick=${() => openDialog('collections', { changed: () => changed(shelf) })}>${t('collections.title')}</button>
  </p>
`;

// A collection may have another name now, and documents with it.
function changed(shelf) {
  shelf.refreshCollections();
  shelf.refresh();
}

const isFiltered = (shelf) => Object.values(shelf.filter.value).some(Boolean);

const Empty = ({ app, take }) => html`
  <div class="documents-empty" data-testid="documents-empty">
    <${Icon} name="document" />
    <p class="empty-title">${t('documents.empty')}</p>
    <p>${t(app.may('manage_documents') ? 'documents.empty-owner' : 'documents.empty-visitor')}</p>
    ${app.may('manage_documents') && html`<div class="try"><${FilePicker} take=${take} primary />
      <button type="button" class="secondary" onClick=${() => app.openDocuments({ name: 'add' })}>${t('documents.other-ways')}</button></div>`}
  </div>
`;

function IndexLine({ index }) {
  if (!index) return html`<p class="index-line"></p>`;
  const { state, progress, documents, passages, meaning, embedded, language_model: model } = index;
  const parts = [
    t('index.passages', { n: passages }),
    state === 'rebuilding' && t('index.rebuilding', { share: percent(progress ?? 0) }),
    meaning === 'ready' ? t('index.meaning') : meaning !== 'off' && t('index.meaning-working', { done: embedded, of: documents }),
    model ? t('index.model', { model }) : t('index.no-model'),
  ];
  return html`<p class="index-line" data-testid="index-line" data-meaning=${meaning} data-state=${state} role="status">${parts.filter(Boolean).join(' · ')}</p>`;
}

function Filters({ app, shelf }) {
  const filter = shelf.filter.value;
  const set = (name) => (value) => shelf.setFilter({ [name]: value });
  const rooms = [...new Set([...app.chat.listed.value.map(({ name }) => name), filter.room].filter(Boolean))];
  const collections = [...new Set([...shelf.collections.value.map(({ name }) => name), filter.collection].filter(Boolean))];
  return html`
    <div class="filters" role="group" aria-label=${t('documents.filter')}>
      <label class="list-search"><${Icon} name="search" />
        <input type="search" id="documents-search" data-testid="documents-search" value=${filter.q} placeholder=${t('documents.search')}
          aria-label=${t('documents.search')} autocomplete="off" onInput=${(event) => event.isComposing || set('q')(event.target.value)}
          onCompositionEnd=${(event) => set('q')(event.target.value)} /></label>
      <${FilterChoice} testid="documents-by-language" any=${t('documents.any-language')} value=${filter.language} set=${set('language')}
        options=${[...LANGUAGES, ['other', t('documents.other-language')]]} />
      <${FilterChoice} testid="documents-by-kind" any=${t('documents.any-kind')} value=${filter.kind} set=${set('kind')} options=${KINDS.map((kind) => [kind, t(`documents.kind-${kind}`)])} />
      <${FilterChoice} testid="documents-by-state" any=${t('filter.any-state')} value=${filter.state} set=${set('state')} options=${STATES.map((state) => [state, t(`documents.${state}`)])} />
      <${FilterChoice} testid="documents-by-room" any=${t('filter.any-room')} value=${filter.room} set=${set('room')} options=${rooms.map((room) => [room, app.titleOf(room)])} />
      ${collections.length > 0 && html`<${FilterChoice} testid="documents-by-collection" any=${t('documents.any-collection')} value=${filter.collection} set=${set('collection')}
        options=${collections.map((name) => [name, name])} />`}
    </div>
  `;
}

function Table({ app, shelf }) {
  const documents = shelf.documents.value;
  if (documents === null) return html`<${Unknown} shelf=${shelf} />`;
  if (documents.length === 0) {
    return html`<p class="nothing" role="status" data-testid="documents-nothing">${t('documents.none-fits')}
      <button type="button" class="link" onClick=${() => shelf.setFilter(EVERYTHING)}>${t('filter.clear')}</button></p>`;
  }
  return html`
    ${shelf.problem.value && html`<p class="nothing problem" role="alert">${shelf.problem.value}</p>`}
    <table class="table documents-table" data-testid="documents-table" aria-label=${t('documents.title')}>
      <thead><tr>${COLUMNS.map((name) => html`<th scope="col" class=${name}>${t(`documents.column-${name}`)}</th>`)}
        ${app.may('manage_documents') && html`<th class="act"><span class="unseen">${t('column.act')}</span></th>`}</tr></thead>
      <tbody>${documents.map((document) => html`<${Row} key=${document.id} app=${app} shelf=${shelf} document=${document} />`)}</tbody>
    </table>
    ${shelf.more.value && html`<button type="button" class="quiet-button" data-testid="documents-more" onClick=${() => shelf.loadMore()}>${t('documents.more')}</button>`}
  `;
}

const Unknown = ({ shelf }) =>
  shelf.problem.value
    ? html`<p class="nothing problem" role="alert">${shelf.problem.value}
        <button type="button" class="link" onClick=${() => shelf.refresh()}><${Icon} name="again" />${t('job.again')}</button></p>`
    : html`<p class="nothing" role="status">${t('list.loading')}</p>`;

function Row({ app, shelf, document }) {
  const { id, title, author, room, collection, created_at: created, updated_at: updated, passages } = document;
  const part = { name: 'read', id };
  const link = useRef(null);
  const openFromRow = (event) => {
    if (!event.target.closest('a, button') && getSelection().isCollapsed) app.openDocuments(part);
  };
  return html`
    <tr data-testid="document-row" data-document=${id} data-state=${document.state} onClick=${openFromRow}>
      <td class="title"><a ref=${link} href=${documentsPath(part)} data-testid="document-open" onClick=${insidePage(() => app.openDocuments(part))}>${title}</a>
        <small>${[author, document.kind === 'faq' && t('documents.kind-faq')].filter(Boolean).join(' · ')}</small></td>
      <td class="state"><${DocumentState} document=${document} /></td>
      <td class="passages"><span class="only-card">${t('documents.passages', { n: passages })}</span><span class="only-table">${number(passages)}</span></td>
      <td class="room">${room ? app.titleOf(room) : collection ?? t('documents.everywhere')}</td>
      <td class="created"><${Time} at=${created} /></td>
      <td class="updated"><${Time} at=${updated} /></td>
      ${app.may('manage_documents') && html`<td class="act">
        <button type="button" class="tool" data-testid="document-delete" aria-label=${t('documents.delete-this', { title })} title=${t('documents.delete')}
          onClick=${() => removeDocument(app, document, () => shelf.drop(id))}><${Icon} name="trash" /></button></td>`}
    </tr>
  `;
}

const Time = ({ at }) => html`<time datetime=${at} title=${fullTime(new Date(at))}>${moment(new Date(at))}</time>`;

/** Where a document stands on its way into the index. */
export const DocumentState = ({ document: { state, progress } }) => html`
  <span class="document-state" data-testid="document-state" data-state=${state}>
    ${state === 'indexing' && typeof progress === 'number' ? t('documents.indexing-share', { share: percent(progress) }) : t(`documents.${state}`)}</span>
`;
