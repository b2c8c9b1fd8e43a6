// Adding a document: a file, a text or an address, then a look at what was read of it.

import { batch, html, useEffect, useRef, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { askBeforeLeaving } from '../../leaving.js';
import { documentsPath } from '../../router.js';
import { notify } from '../../ui.js';
import { Icon } from '../icons.js';
import { insidePage } from '../links.js';
import { DocumentForm } from './document_form.js';
import { FilePicker } from './file_picker.js';
import { sendable, UploadProgress } from './uploads.js';

export function AddDocument({ app, shelf, picked, take }) {
  const preview = usePreview(app, shelf);
  const file = picked.value;
  useEffect(() => {
    if (!file) return;
    picked.value = null;
    preview.ofFile(file);
  }, [file]);
  const store = async (fields) => {
    const { title } = await app.addDocument({ ...fields, ...originalOf(preview.found.value) });
    notify(t('documents.was-stored', { title }), { kind: 'done' });
    shelf.refresh();
    return () => app.openDocuments();
  };
  if (!app.may('manage_documents')) return html`<div class="page-body"><p class="nothing" role="alert">${t('documents.not-allowed')}</p></div>`;
  return html`
    <div class="page-body document-page" data-testid="document-new">
      <a class="link back" href=${documentsPath()} onClick=${insidePage(() => app.openDocuments())}><${Icon} name="back" />${t('documents.title')}</a>
      ${preview.found.value
        ? html`<${DocumentForm} key=${preview.count()} app=${app} collections=${shelf.collections.value} document=${preview.found.value} label=${t('documents.store')} save=${store} cancel=${preview.forget}
            isChanged=${isTyped(preview.found.value)} />`
        : html`<${Ways} preview=${preview} take=${take} />`}
    </div>
  `;
}

const isTyped = ({ origin }) => !origin?.name && !origin?.url;

/** What says where a previewed text came from, so that its file is kept. */
export const originalOf = ({ original, origin: { name, url, media_type: type } = {}, pages }) =>
  name || url ? { original: original ?? undefined, pages: pages ?? undefined, origin: { name, url, media_type: type } } : {};

/** What a file, a text or an address holds, as the server reads it. */
export function usePreview(app, shelf) {
  const found = useSignal(null);
  const sending = useSignal(null);
  const problem = useSignal(null);
  const asked = useRef(null);
  const count = useRef(0);
  async function ask(name, read) {
    asked.current?.abort();
    const mine = (asked.current = new AbortController());
    batch(() => {
      sending.value = { name, share: 0 };
      problem.value = null;
    });
    try {
      const answer = await read({
        progress: (share, recognising) => {
          if (!mine.signal.aborted) sending.value = { name, share, recognising };
        },
        signal: mine.signal,
      });
      if (mine.signal.aborted) return;
      count.current += 1;
      found.value = answer;
    } catch (error) {
      if (!mine.signal.aborted) problem.value = error.message;
    }
    if (!mine.signal.aborted) sending.value = null;
  }
  const stop = () => {
    asked.current?.abort();
    sending.value = null;
  };
  useEffect(() => stop, []);
  return {
    found,
    sending,
    problem,
    /** How many were read: what shows one begins anew with the next. */
    count: () => count.current,
    ofFile: (file) => ask(file.name, (upload) => sendable(file, shelf.mostBytes) && app.previewFile(file, upload)),
    of: (name, content) => ask(name, ({ progress }) => {
      progress(1);
      return app.previewDocument(content);
    }),
    stop,
    forget: () => {
      found.value = null;
    },
  };
}

const WAYS = ['file', 'text', 'url'];

function Ways({ preview, take }) {
  const way = useSignal('file');
  const sending = preview.sending.value;
  if (sending) {
    return html`
      <div class="drop-zone" data-testid="upload">
        <p class="empty-title">${sending.name}</p>
        <${UploadProgress} ...${sending} />
        <button type="button" class="secondary" data-testid="upload-cancel" onClick=${preview.stop}>${t('cancel')}</button>
      </div>
    `;
  }
  return html`
    <h2 class="document-heading">${t('documents.add')}</h2>
    <div class="chips way-chips" role="group" aria-label=${t('documents.add')}>
      ${WAYS.map((name) => html`
        <button type="button" class="chip" data-testid="way-${name}" aria-pressed=${way.value === name} onClick=${() => { way.value = name; }}>${t(`documents.way-${name}`)}</button>`)}
    </div>
    ${preview.problem.value && html`<p class="problem" role="alert" data-testid="preview-problem">${preview.problem.value}</p>`}
    ${way.value === 'file' && html`
      <div class="drop-zone">
        <${Icon} name="upload" />
        <p class="empty-title">${t('documents.drop')}</p>
        <p>${t('documents.formats')}</p>
        <${FilePicker} take=${take} primary />
      </div>`}
    ${way.value === 'text' && html`<${TextWay} preview=${preview} />`}
    ${way.value === 'url' && html`<${UrlWay} preview=${preview} />`}
  `;
}

function TextWay({ preview }) {
  const text = useSignal('');
  const kind = useSignal('text');
  useEffect(() => askBeforeLeaving(() => Boolean(text.value.trim())), []);
  const submit = (event) => {
    event.preventDefault();
    if (text.value.trim()) preview.of(t('documents.way-text'), { text: text.value, kind: kind.value });
  };
  return html`
    <form class="way-form" onSubmit=${submit}>
      <label>${t('documents.paste')}
        <textarea rows="14" data-testid="paste-text" value=${text.value} onInput=${(event) => { text.value = event.target.value; }}></textarea></label>
      <label class="check"><input type="checkbox" data-testid="paste-faq" checked=${kind.value === 'faq'} onChange=${(event) => { kind.value = event.target.checked ? 'faq' : 'text'; }} />
        <span>${t('documents.is-faq')}</span></label>
      <div class="buttons"><button type="submit" class="primary" data-testid="paste-next" aria-disabled=${!text.value.trim()}>${t('documents.preview')}</button></div>
    </form>
  `;
}

function UrlWay({ preview }) {
  const url = useSignal('');
  const submit = (event) => {
    event.preventDefault();
    if (url.value.trim()) preview.of(url.value.trim(), { url: url.value.trim() });
  };
  return html`
    <form class="way-form" onSubmit=${submit}>
      <label>${t('documents.address')}
        <input type="url" data-testid="url-input" inputmode="url" placeholder="https://" value=${url.value} onInput=${(event) => { url.value = event.target.value; }} /></label>
      <p class="soft">${t('documents.address-help')}</p>
      <div class="buttons"><button type="submit" class="primary" data-testid="url-next" aria-disabled=${!url.value.trim()}>${t('documents.preview')}</button></div>
    </form>
  `;
}
