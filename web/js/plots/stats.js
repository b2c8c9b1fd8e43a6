// What the plots show: figures of the last hour or day, asked for now and then.
// Knows no elements.

import { signal } from '../html.js';
import { recall, remember } from '../storage.js';
import { Refresher } from '../refresher.js';

const REFRESH = 60_000;
// Jobs may end many times a second; the figures need not follow each.
const REFRESH_AFTER_CHANGE = 2_000;

export class Stats {
  /** 'hour' or 'day'. */
  span = signal(recall('plots', 'hour'));
  /** As the server gives them; null until they are known. */
  figures = signal(null);

  #fetch;
  #refresher = new Refresher(() => this.#ask());

  constructor(fetch) {
    this.#fetch = fetch;
  }

  refresh() {
    return this.#refresher.now();
  }

  /** A job has changed; soon the figures will be other ones. */
  changed() {
    this.#refresher.within(REFRESH_AFTER_CHANGE);
  }

  stop() {
    this.#refresher.stop();
  }

  setSpan(span) {
    this.span.value = span;
    remember('plots', span);
    return this.refresh();
  }

  async #ask() {
    const span = this.span.value;
    // Figures that could not be had are had the next time.
    const figures = await this.#fetch(span).catch(() => this.figures.value);
    if (span === this.span.value) this.figures.value = figures;
    this.#refresher.within(REFRESH);
  }
}
