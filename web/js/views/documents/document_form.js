// What was read of a document, page by page, to be corrected before it is stored.

import { joinPages, pagesOf } from '../../documents/pages.js';
import { placeOf, usedIn } from '../../documents/shelf.js';
import { html, useEffect, useRef, useSignal } from '../../html.js';
import { LANGUAGES, locale, t } from '../../i18n.js';
import { askBeforeLeaving, leave } from '../../leaving.js';
import { isDirect } from '../../router.js';
import { bytes } from '../../sizes.js';
import { KnownDocument } from './known_document.js';

const MOST_ROWS = 28;

/** `save(fields)` may throw an error for people and returns what to do once it is stored; `fields` are all of the document's.
    `isChanged`: something was typed before. */
export function DocumentForm({ app, collections, document, label, save, cancel, isChanged = false, children }) {
  const pages = pagesOf(document.text);
  const fields = useSignal(fieldsOf(document));
  const areas = useRef([]);
  const problem = useSignal(null);
  const busy = useSignal(false);
  const changed = useRef(isChanged);
  useEffect(() => askBeforeLeaving(() => changed.current), []);
  const set = (name) => (value) => {
    changed.current = true;
    fields.value = { ...fields.value, [name]: value };
    problem.value = null;
  };
  const known = problem.value?.cause?.document;
  const submit = async (event) => {
    event.preventDefault();
    // Whoever stores it once more after being told knows that it is there already.
    const again = Boolean(known);
    if (busy.value || !fields.value.title.trim()) return;
    busy.value = true;
    try {
      const { place, ...rest } = fields.value;
      const goOn = await save({ ...rest, ...usedIn(place), ...(again && { again }), text: joinPages(pages.map((page, index) => areas.current[index]?.value ?? page)) });
      changed.current = false;
      goOn();
    } catch (error) {
      problem.value = error;
    }
    busy.value = false;
  };
  return html`
    <form class="document-form" data-testid="document-form" onSubmit=${submit}>
      <div class="document-fields">
        <${Field} name="title" label=${t('documents.column-title')} value=${fields.value.title} set=${set('title')} required maxlength="200" />
        <${Field} name="author" label=${t('documents.author')} value=${fields.value.author} set=${set('author')} maxlength="200" />
        <${Choice} name="language" label=${t('language')} value=${fields.value.language} set=${set('language')} options=${[...LANGUAGES, ['other', t('documents.other-language')]]} />
        <${Choice} name="kind" label=${t('documents.kind')} value=${fields.value.kind} set=${set('kind')} options=${['text', 'faq'].map((kind) => [kind, t(`documents.kind-${kind}`)])} />
        <${Place} app=${app} collections=${collections} value=${fields.value.place} set=${set('place')} />
        <p class="soft" data-testid="document-facts">${factsOf(document)}</p>
        ${isMostlyPictures(document) && html`<p role="note" data-testid="document-pictures">${t('documents.pictures')}</p>`}
        ${document.recognised?.length > 0 && html`<p role="note" data-testid="document-recognised">${t('documents.recognised', { n: document.recognised.length })}</p>`}
        ${children}
        <p class="problem" role="alert" data-testid="document-problem">${problem.value?.message}</p>
        <${KnownDocument} app=${app} id=${known} />
        <div class="buttons">
          <button type="button" class="secondary" data-testid="document-cancel" onClick=${() => leave(cancel)}>${t('cancel')}</button>
          <button type="submit" class="primary" data-testid="document-save" aria-disabled=${busy.value || !fields.value.title.trim()}>${known ? t('documents.store-again') : label}</button>
        </div>
      </div>
      <div class="document-texts">
        <p class="soft">${t(fields.value.kind === 'faq' ? 'documents.correct-faq' : 'documents.correct')}</p>
        ${pages.map((page, index) => html`
          <label class="page-text" key=${index}><span>${pages.length > 1 ? t('documents.page-of', { n: index + 1, of: pages.length }) : t('documents.text')}${document.recognised?.includes(index + 1) ? ` · ${t('documents.page-recognised')}` : ''}</span>
            <textarea ref=${(area) => { areas.current[index] = area; }} data-testid="page-text" rows=${rowsFor(page)} defaultValue=${page}
              lang=${fields.value.language === 'other' ? undefined : fields.value.language} onInput=${() => { changed.current = true; }}></textarea></label>`)}
      </div>
    </form>
  `;
}

const fieldsOf = ({ title, author, language, kind, room, collection }) => ({
  title: title ?? '', author: author ?? '', language: language ?? 'other', kind: kind ?? 'text', place: placeOf({ room, collection }),
});

const isMostlyPictures = ({ pages, pages_without_text: empty }) => empty * 2 > pages;

function factsOf({ pages, pages_without_text: empty, chars, passages, origin }) {
  return [
    pages && t('documents.pages', { n: pages }),
    empty && t('documents.pages-without-text', { n: empty }),
    chars && t('documents.chars', { n: chars }),
    passages && t('documents.passages', { n: passages }),
    origin?.name ?? origin?.url,
    origin?.bytes && bytes(origin.bytes),
  ].filter(Boolean).join(' · ');
}

// All rooms, the rooms of a collection, or one of them.
function Place({ app, collections, value, set }) {
  const { room, collection } = usedIn(value);
  const listed = app.chat.listed.value.map(({ name }) => name).filter((name) => !isDirect(name));
  const rooms = [...new Set([...listed, room].filter(Boolean))];
  const names = [...new Set([...collections.map(({ name }) => name), collection].filter(Boolean))];
  const option = (place, words) => html`<option value=${place} selected=${place === value}>${words}</option>`;
  return html`
    <label>${t('documents.where')}
      <select key=${locale.value} data-testid="document-room" value=${value} onChange=${(event) => set(event.target.value)}>
        ${option('', t('documents.everywhere'))}
        ${names.length > 0 && html`<optgroup label=${t('documents.in-collection')}>${names.map((name) => option(placeOf({ collection: name }), name))}</optgroup>`}
        <optgroup label=${t('documents.in-room')}>${rooms.map((name) => option(name, app.titleOf(name)))}</optgroup>
      </select></label>
  `;
}

// Good enough where an area cannot grow by itself.
const rowsFor = (page) => Math.min(MOST_ROWS, page.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 80)), 1));

const Field = ({ name, label, value, set, ...more }) => html`
  <label>${label}
    <input data-testid="document-${name}" value=${value} autocomplete="off" ...${more} onInput=${(event) => set(event.target.value)} /></label>
`;

const Choice = ({ name, label, value, set, options }) => html`
  <label>${label}
    <select key=${locale.value} data-testid="document-${name}" value=${value} onChange=${(event) => set(event.target.value)}>
      ${options.map(([option, words]) => html`<option value=${option} selected=${option === value}>${words}</option>`)}
    </select></label>
`;
