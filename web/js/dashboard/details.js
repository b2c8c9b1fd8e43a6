// One job with its history, kept true while it is looked at. Knows no elements.

import { batch, signal } from '../html.js';
import { Refresher } from '../refresher.js';

// Its log and its answer so far do not come by themselves.
const REFRESH_WHILE_RUNNING = 2_000;
const REFRESH_AFTER_CHANGE = 250;

export class Details {
  /** null until it is known. */
  job = signal(null);
  problem = signal(null);

  #fetch;
  #refresher = new Refresher(() => this.#ask());

  /** `fetch()` gives the job. */
  constructor(fetch) {
    this.#fetch = fetch;
  }

  refresh() {
    return this.#refresher.now();
  }

  /** The server says that the job is now so; its history follows. */
  changed(job) {
    if (this.job.value) this.job.value = { ...this.job.value, ...job };
    this.#refresher.within(REFRESH_AFTER_CHANGE);
  }

  stop() {
    this.#refresher.stop();
  }

  async #ask() {
    try {
      const job = await this.#fetch();
      batch(() => {
        this.job.value = job;
        this.problem.value = null;
      });
    } catch (error) {
      this.problem.value = error.message;
    }
    if (this.job.value?.state === 'running') this.#refresher.within(REFRESH_WHILE_RUNNING);
  }
}
