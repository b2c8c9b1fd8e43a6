// Does something again from time to time, at the earliest time that was asked for.

export class Refresher {
  #act;
  #timer = null;
  #due = Infinity;
  #stopped = false;

  constructor(act) {
    this.#act = act;
  }

  now() {
    clearTimeout(this.#timer);
    this.#due = Infinity;
    return this.#act();
  }

  /** Within so many ms; what is due earlier stays so. */
  within(wait) {
    const due = Date.now() + wait;
    if (this.#stopped || due >= this.#due) return;
    this.#due = due;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), wait);
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}
