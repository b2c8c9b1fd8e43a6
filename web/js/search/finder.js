// Finds while one writes: asks when the keys rest for a moment, gives up what was
// asked before, and shows the last answer until the next is there. Knows no elements.

import { batch, signal } from '../html.js';
import { isEmpty } from './query.js';

const REST = 150;

export class Finder {
  /** null until something was asked; then as the server answered. */
  found = signal(null);
  problem = signal(null);
  busy = signal(false);

  #fetch;
  #timer = null;
  #asked = null;

  /** `fetch(query, signal)` gives `{messages, documents, more}`. */
  constructor(fetch) {
    this.#fetch = fetch;
  }

  /** `query` is `{q, kind, limit}`. */
  find(query, { wait = REST } = {}) {
    this.stop();
    if (isEmpty(query.q)) return this.#show(null);
    this.busy.value = true;
    this.#timer = setTimeout(() => this.#ask(query), wait);
    return undefined;
  }

  stop() {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    this.#asked = null;
  }

  async #ask(query) {
    const asked = new AbortController();
    this.#asked = asked;
    try {
      const found = await this.#fetch(query, asked.signal);
      if (!asked.signal.aborted) this.#show(found);
    } catch (error) {
      if (!asked.signal.aborted) this.#show(null, error.message);
    }
  }

  #show(found, problem = null) {
    batch(() => {
      this.found.value = found;
      this.problem.value = problem;
      this.busy.value = false;
    });
  }
}
