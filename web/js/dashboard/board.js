// The jobs that the dashboard lists: fetched by pages, then kept true by what the
// server says of each change. Knows no elements.

import { batch, signal } from '../html.js';
import { GROUPS, waitsForItsTime } from '../job_states.js';

const PAGE = 50;

/** `state` is one state, a group of them, or empty for all; empty values filter nothing. */
export const EVERYTHING = { state: '', name: '', room: '', handle: '' };

export class Board {
  /** Newest first; null until they are known. */
  jobs = signal(null);
  more = signal(false);
  failed = signal(false);
  filter;

  #fetch;
  #beforePaint;
  #shown = PAGE;
  #changes = new Map();
  #dropped = new Set();
  #asked = 0;
  #waiting = false;
  #noted = false;

  /** `fetch(query)` gives `{jobs, more}`; `beforePaint(act)` calls once before the page is next painted. */
  constructor({ fetch, filter, beforePaint }) {
    this.filter = signal(filter);
    this.#fetch = fetch;
    this.#beforePaint = beforePaint;
  }

  setFilter(change) {
    batch(() => {
      this.filter.value = { ...this.filter.value, ...change };
      this.jobs.value = null;
    });
    this.#shown = PAGE;
    return this.refresh();
  }

  /** Fetches what is shown anew, after a time without hearing of changes. */
  refresh() {
    return this.#ask({ limit: this.#shown }, (jobs) => jobs);
  }

  loadMore() {
    const before = this.jobs.value?.at(-1)?.id;
    if (!before || this.#waiting) return undefined;
    this.#shown += PAGE;
    return this.#ask({ limit: PAGE, before }, (jobs) => [...(this.jobs.value ?? []), ...jobs]);
  }

  /** Hundreds of jobs may change between two paintings; they are drawn once. */
  changed(job) {
    this.#changes.set(job.id, job);
    if (this.#noted) return;
    this.#noted = true;
    this.#beforePaint(() => {
      this.#noted = false;
      this.#apply();
    });
  }

  /** Shows a job that was just made, whatever was filtered before. It may have been heard of already, and then gone on. */
  add(job) {
    const isKnown = this.#changes.has(job.id) || this.jobs.value?.some(({ id }) => id === job.id);
    if (!this.fits(job)) this.setFilter(EVERYTHING);
    else if (!isKnown) this.changed(job);
  }

  /** Takes a job out of the list; `restore` puts it back. */
  drop(job) {
    this.#dropped.add(job.id);
    this.#show(this.jobs.value ?? []);
    const restore = () => {
      this.#dropped.delete(job.id);
      this.refresh();
    };
    return { restore };
  }

  fits(job) {
    const { name, room, handle } = this.filter.value;
    const states = this.#states();
    return (
      (states.length === 0 || states.includes(job.state)) &&
      (!name || job.name === name) &&
      (!room || job.room === room) &&
      (!handle || job.handle === handle) &&
      !this.#dropped.has(job.id)
    );
  }

  async #ask(page, join) {
    const asked = (this.#asked += 1);
    const query = { ...this.filter.value, ...page, state: this.#states().join() };
    this.#waiting = true;
    try {
      const { jobs, more } = await this.#fetch(query);
      if (asked !== this.#asked) return; // Something else was asked for meanwhile.
      batch(() => {
        this.failed.value = false;
        this.more.value = more;
        this.#show(join(jobs));
      });
    } catch {
      if (asked === this.#asked) this.failed.value = true;
    }
    if (asked !== this.#asked) return;
    this.#waiting = false;
    this.#apply();
  }

  // What is heard while the list is on its way may be newer than the list.
  #apply() {
    if (this.#waiting || this.jobs.value === null) return;
    const changes = this.#changes;
    this.#changes = new Map();
    const jobs = new Map(this.jobs.value.map((job) => [job.id, job]));
    for (const job of changes.values()) {
      if (jobs.has(job.id) || this.#reaches(job)) jobs.set(job.id, job);
    }
    batch(() => this.#show([...jobs.values()].sort(this.#order())));
    // Under a filter that jobs leave, the list would run empty before its end.
    if (this.more.value && this.jobs.value.length < PAGE / 2) this.refresh();
  }

  // What is older than the end of the list comes with the next page.
  #reaches(job) {
    const last = this.jobs.value.at(-1);
    return !this.more.value || last === undefined || this.#order()(job, last) < 0;
  }

  // As the server does: what waits for its time by that time, if nothing else is asked for.
  #order() {
    const states = this.#states();
    return states.length > 0 && states.every((state) => waitsForItsTime({ state })) ? soonestFirst : newestFirst;
  }

  #states() {
    const { state } = this.filter.value;
    return GROUPS[state] ?? (state ? [state] : []);
  }

  #show(jobs) {
    const fitting = jobs.filter((job) => this.fits(job));
    if (fitting.length > this.#shown) this.more.value = true;
    this.jobs.value = fitting.slice(0, this.#shown);
  }
}

// Ids sort by the time they were made, times as they are written.
const newestFirst = (a, b) => compare(b.id, a.id);
const soonestFirst = (a, b) => compare(a.due_at, b.due_at) || compare(a.id, b.id);
const compare = (a, b) => (a === b ? 0 : a < b ? -1 : 1);
