// A list that is searched: fetched by pages, and again from time to time. Knows neither
// elements nor what is listed.

import { batch, signal } from './html.js';
import { Refresher } from './refresher.js';

const PAGE = 50;
// The server's largest page. Whoever has gone further down is not disturbed.
const MOST = 200;
const AT_REST = 30_000;
const REST_OF_KEYS = 150;

export class PagedList {
  /** Each with an `id`; null until they are known. */
  items = signal(null);
  more = signal(false);
  problem = signal(null);
  /** What is looked for. */
  text = signal('');

  #fetch;
  #isSeen;
  #shown = PAGE;
  #asked = 0;
  #refresher = new Refresher(() => this.#shown <= MOST && this.#ask({ limit: this.#shown }, (items) => items));

  /** `fetch({q, limit, after})` gives `{items, more}` of those behind the id `after`; nothing is asked for while `isSeen()` is false. */
  constructor({ fetch, isSeen }) {
    this.#fetch = fetch;
    this.#isSeen = isSeen;
  }

  find(text) {
    this.text.value = text;
    this.#shown = PAGE;
    this.#refresher.within(REST_OF_KEYS);
  }

  refresh() {
    return this.#refresher.now();
  }

  loadMore() {
    const after = this.items.value?.at(-1)?.id;
    if (!after) return undefined;
    this.#shown += PAGE;
    return this.#ask({ limit: PAGE, after }, (items) => [...this.items.value, ...items]);
  }

  /** The server says that this one is now so. */
  changed(item) {
    // What was asked for before that is older.
    this.#asked += 1;
    this.items.value = this.items.value?.map((known) => (known.id === item.id ? { ...known, ...item } : known)) ?? null;
    this.#refresher.within(AT_REST);
  }

  stop() {
    this.#refresher.stop();
  }

  async #ask(page, join) {
    if (!this.#isSeen()) return this.#refresher.within(AT_REST);
    const asked = (this.#asked += 1);
    try {
      const { items, more } = await this.#fetch({ q: this.text.value.trim(), ...page });
      if (asked !== this.#asked) return undefined; // Something else was asked for, or changed, meanwhile.
      batch(() => {
        this.items.value = join(items);
        this.more.value = more;
        this.problem.value = null;
      });
    } catch (error) {
      if (asked !== this.#asked) return undefined;
      this.problem.value = error.message;
    }
    return this.#refresher.within(AT_REST);
  }
}
