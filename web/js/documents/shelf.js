// The documents that are listed: fetched by pages, and again as long as the server is
// still reading some of them. Knows no elements.

import { batch, signal } from '../html.js';
import { Refresher } from '../refresher.js';

const PAGE = 50;
const WHILE_WORKING = 1_500;
const AT_REST = 30_000;
const REST_OF_KEYS = 150;

/** Empty values filter nothing. */
export const EVERYTHING = { q: '', language: '', kind: '', state: '', room: '', collection: '' };

const COLLECTION = '#';

/** Where a document is used as one text, which no other place has: '' for all rooms, a room, or `#` and a collection. */
export const placeOf = ({ room, collection }) => (collection ? COLLECTION + collection : room ?? '');

/** `{room, collection}` of such a text; an empty one means none. */
export const usedIn = (place) =>
  place.startsWith(COLLECTION) ? { room: '', collection: place.slice(COLLECTION.length) } : { room: place, collection: '' };

export class Shelf {
  /** null until they are known. */
  documents = signal(null);
  more = signal(false);
  /** `[{name, documents, rooms?}]`, by name. */
  collections = signal([]);
  index = signal(null);
  /** Bytes of the largest file that the server takes. */
  mostBytes = Infinity;
  problem = signal(null);
  filter = signal(EVERYTHING);

  #fetch;
  #fetchCollections;
  #isSeen;
  #shown = PAGE;
  #asked = 0;
  #refresher = new Refresher(() => this.#ask({ limit: this.#shown }, (documents) => documents));

  /** `fetch(query)` gives `{documents, more, index, limits}`, `fetchCollections()` the collections; nothing is asked for while
      `isSeen()` is false. */
  constructor({ fetch, fetchCollections, isSeen }) {
    this.#fetch = fetch;
    this.#fetchCollections = fetchCollections;
    this.#isSeen = isSeen;
  }

  setFilter(change) {
    this.filter.value = { ...this.filter.value, ...change };
    this.#shown = PAGE;
    if ('q' in change) this.#refresher.within(REST_OF_KEYS);
    else this.#refresher.now();
  }

  refresh() {
    return this.#refresher.now();
  }

  async refreshCollections() {
    try {
      this.collections.value = await this.#fetchCollections();
    } catch (error) {
      this.problem.value = error.message;
    }
  }

  loadMore() {
    const after = this.documents.value?.at(-1)?.id;
    if (!after) return undefined;
    this.#shown += PAGE;
    return this.#ask({ limit: PAGE, after }, (documents) => [...this.documents.value, ...documents]);
  }

  /** Out of the list at once; the next answer of the server decides. */
  drop(id) {
    this.documents.value = this.documents.value?.filter((document) => document.id !== id) ?? null;
    this.refresh();
  }

  stop() {
    this.#refresher.stop();
  }

  async #ask(page, join) {
    if (!this.#isSeen()) return this.#refresher.within(AT_REST);
    const asked = (this.#asked += 1);
    try {
      const { documents, more, index, limits } = await this.#fetch({ ...this.filter.value, ...page });
      if (asked !== this.#asked) return undefined; // Something else was asked for meanwhile.
      this.mostBytes = limits?.file_bytes ?? Infinity;
      batch(() => {
        this.documents.value = join(documents);
        this.more.value = more;
        this.index.value = index;
        this.problem.value = null;
      });
    } catch (error) {
      if (asked !== this.#asked) return undefined;
      this.problem.value = error.message;
    }
    return this.#refresher.within(this.#isWorking() ? WHILE_WORKING : AT_REST);
  }

  #isWorking() {
    const index = this.index.value;
    const isBusy = index?.state === 'rebuilding' || index?.meaning === 'waiting' || index?.meaning === 'working';
    return isBusy || (this.documents.value ?? []).some(isBeingRead);
  }
}

export const isBeingRead = ({ state }) => state === 'waiting' || state === 'indexing';
