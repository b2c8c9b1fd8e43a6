// Several files at once: stored one after the other, each with what became of it.

import { html, signal } from '../../html.js';
import { percent, t } from '../../i18n.js';
import { Icon } from '../icons.js';
import { KnownDocument } from './known_document.js';
import { bytes } from '../../sizes.js';

export class Uploads {
  /** `[{id, name, share, recognising?, state: 'waiting' | 'sending' | 'failed', problem, known}]`; what is stored is in the list. `known` is the
      id of the document that has the same content. */
  files = signal([]);

  #app;
  #shelf;
  #last = 0;
  #isSending = false;

  constructor(app, shelf) {
    this.#app = app;
    this.#shelf = shelf;
  }

  add(files) {
    const added = files.map((file) => ({ id: (this.#last += 1), file, name: file.name, share: 0, state: 'waiting' }));
    this.files.value = [...this.files.value, ...added];
    if (!this.#isSending) this.#sendAll();
  }

  /** Stores a file although its content is there already. */
  sendAgain(id) {
    this.#change(id, { state: 'waiting', share: 0, again: true });
    if (!this.#isSending) this.#sendAll();
  }

  dismiss(id) {
    this.files.value = this.files.value.filter((upload) => upload.id !== id);
  }

  async #sendAll() {
    this.#isSending = true;
    for (let next; (next = this.files.value.find(({ state }) => state === 'waiting')); ) await this.#send(next);
    this.#isSending = false;
  }

  async #send({ id, file, again }) {
    this.#change(id, { state: 'sending' });
    try {
      sendable(file, this.#shelf.mostBytes);
      await this.#app.addFile(file, { again }, { progress: (share, recognising) => this.#change(id, { share, recognising }) });
      this.dismiss(id);
      this.#shelf.refresh();
    } catch (error) {
      this.#change(id, { state: 'failed', problem: error.message, known: error.cause?.document });
    }
  }

  #change(id, change) {
    this.files.value = this.files.value.map((upload) => (upload.id === id ? { ...upload, ...change } : upload));
  }
}

/** Throws an error for people if a file is larger than the server takes; else it would be sent for nothing. */
export function sendable(file, mostBytes) {
  if (file.size > mostBytes) throw new Error(t('documents.too-big', { name: file.name, size: bytes(file.size), most: bytes(mostBytes) }));
  return true;
}

export function UploadList({ app, uploads }) {
  if (uploads.files.value.length === 0) return null;
  return html`
    <ul class="uploads" data-testid="uploads">
      ${uploads.files.value.map((upload) => html`
        <li key=${upload.id} data-state=${upload.state}>
          <span class="name">${upload.name}</span>
          ${upload.state === 'failed'
            ? html`<span class="problem" role="alert">${upload.problem}</span>
                <${KnownDocument} app=${app} id=${upload.known} />
                ${upload.known && html`<button type="button" class="secondary" data-testid="upload-again" onClick=${() => uploads.sendAgain(upload.id)}>${t('documents.store-again')}</button>`}
                <button type="button" class="tool" aria-label=${t('close')} onClick=${() => uploads.dismiss(upload.id)}><${Icon} name="close" /></button>`
            : html`<${UploadProgress} name=${upload.name} share=${upload.share} recognising=${upload.recognising} />`}
        </li>`)}
    </ul>
  `;
}

/** Once all of it has gone the server reads it, and nobody knows how long, unless its pages have to be recognised. */
export function UploadProgress({ name, share: sent, recognising }) {
  const share = recognising ? (recognising.page - 1) / recognising.pages : sent;
  const reads = sent >= 1 && !recognising;
  const words = recognising ? t('documents.is-recognised', { n: recognising.page, of: recognising.pages })
    : reads ? t('documents.is-read') : t('documents.is-sent', { share: percent(share * 100) });
  return html`
    <span class="upload-progress">
      <span class="progress ${reads ? 'unknown' : ''}" role="progressbar" aria-label=${name} aria-valuemin="0" aria-valuemax="100"
        aria-valuenow=${reads ? undefined : Math.round(share * 100)} aria-valuetext=${words}><span style=${{ width: `${share * 100}%` }}></span></span>
      <small>${words}</small>
    </span>
  `;
}
