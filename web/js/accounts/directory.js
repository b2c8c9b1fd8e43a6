// The accounts that are listed: fetched by pages, and again from time to time.
// Knows no elements.

import { batch, signal } from '../html.js';
import { Refresher } from '../refresher.js';

const PAGE = 50;
const AT_REST = 30_000;
const REST_OF_KEYS = 150;

export class Directory {
  /** null until they are known. */
  accounts = signal(null);
  more = signal(false);
  problem = signal(null);
  /** What is looked for in the names. */
  text = signal('');

  #fetch;
  #isSeen;
  #shown = PAGE;
  #asked = 0;
  #refresher = new Refresher(() => this.#ask({ limit: this.#shown }, (accounts) => accounts));

  /** `fetch(query)` gives `{accounts, more}`; nothing is asked for while `isSeen()` is false. */
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
    const after = this.accounts.value?.at(-1)?.id;
    if (!after) return undefined;
    this.#shown += PAGE;
    return this.#ask({ limit: PAGE, after }, (accounts) => [...this.accounts.value, ...accounts]);
  }

  /** The server says that this account is now so. */
  changed(account) {
    // What was asked for before that is older.
    this.#asked += 1;
    this.accounts.value = this.accounts.value?.map((known) => (known.id === account.id ? { ...known, ...account } : known)) ?? null;
    this.#refresher.within(AT_REST);
  }

  stop() {
    this.#refresher.stop();
  }

  async #ask(page, join) {
    if (!this.#isSeen()) return this.#refresher.within(AT_REST);
    const asked = (this.#asked += 1);
    try {
      const { accounts, more } = await this.#fetch({ q: this.text.value.trim(), ...page });
      if (asked !== this.#asked) return undefined; // Something else was asked for, or changed, meanwhile.
      batch(() => {
        this.accounts.value = join(accounts);
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
