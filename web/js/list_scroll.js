// Keeps a long list where the reader left it: at the newest row, or at the row
// that is being read, whatever is added above, below or grows in between.
//
// Knows elements and heights, but not what the rows are.

import { RowWindow } from './row_window.js';

const NEAR_BOTTOM = 24;
// More is asked for when so little is left above or below.
const NEAR_TOP = 500;
// More is drawn than must be, so that not every row scrolled means drawing again.
const DRAWN_BEYOND = 1_000;
const NEEDED_BEYOND = 300;

export class ListScroll {
  stuck = true;
  #window;
  #element = null;
  #anchor = null;
  #drawn = { start: 0, end: 0 };
  #hears;
  #observer;
  #width = 0;
  #goesOn = false;

  /** `hears` has `redraw()`, `nearTop()`, `nearBottom()` and `moved(stuck)`. */
  constructor(guess, hears) {
    this.#window = new RowWindow(guess);
    this.#hears = hears;
    this.#observer = new ResizeObserver(() => this.#resized());
  }

  attach(element) {
    this.#element = element;
    this.#observer.observe(element);
    element.addEventListener('scroll', () => this.#scrolled(), { passive: true });
  }

  detach() {
    this.#observer.disconnect();
  }

  /** The part of the rows to draw, with the heights that stand for the rest. `goesOn`: there
      are more rows below, so that the last one is not the newest. */
  slice(rows, { goesOn = false } = {}) {
    this.#goesOn = goesOn;
    if (goesOn && this.stuck) this.#letGo();
    this.#window.setRows(rows);
    this.#drawn = this.#needed();
    return this.#drawn;
  }

  /** To be called when the slice is on the page, before it is painted. */
  settle() {
    const pairs = Array.from(this.#element.querySelectorAll('[data-key]'), (row) => [
      row.dataset.key,
      row.getBoundingClientRect().height,
    ]);
    this.#window.measure(pairs);
    this.#place();
    this.#redrawIfBare();
    this.#tellEnds();
  }

  /** What is in sight stays there although something above or in it is about to grow. */
  hold() {
    const { scrollTop, scrollHeight, clientHeight } = this.#element;
    if (!this.stuck || scrollHeight <= clientHeight) return;
    this.#anchor = this.#window.anchorAt(scrollTop);
    this.#letGo();
  }

  #letGo() {
    this.stuck = false;
    this.#hears.moved(false);
  }

  #tellEnds() {
    const { scrollTop, scrollHeight, clientHeight } = this.#element;
    if (scrollTop < NEAR_TOP) this.#hears.nearTop();
    if (this.#goesOn && scrollHeight - scrollTop - clientHeight < NEAR_TOP) this.#hears.nearBottom();
  }

  toBottom() {
    this.stuck = true;
    this.#hears.moved(true);
    this.#hears.redraw();
  }

  /** To the first row that is here; what is fetched above it stays above. */
  toTop() {
    if (this.#element.scrollHeight <= this.#element.clientHeight) return;
    this.#anchor = this.#window.anchorAt(0);
    if (this.stuck) this.#letGo();
    this.#hears.redraw();
  }

  /** Shows a row some way below the upper edge; says whether it is in the list. */
  toRow(key) {
    if (this.#window.topOf(key) === null) return false;
    this.stuck = false;
    this.#anchor = { key, below: -this.#element.clientHeight / 3 };
    this.#hears.redraw();
    return true;
  }

  #place() {
    if (this.stuck) {
      this.#element.scrollTop = this.#element.scrollHeight;
      return;
    }
    const top = this.#wantedTop();
    // Setting it for a fraction of a pixel would stop a finger's momentum.
    if (Math.abs(this.#element.scrollTop - top) > 1) this.#element.scrollTop = top;
  }

  #wantedTop() {
    const bottom = Math.max(0, this.#window.height - this.#viewport());
    if (this.stuck || !this.#anchor) return bottom;
    const top = this.#window.topOf(this.#anchor.key);
    return top === null ? bottom : Math.min(bottom, Math.max(0, top + this.#anchor.below));
  }

  #viewport() {
    return this.#element?.clientHeight ?? innerHeight;
  }

  #needed() {
    return this.#window.visible(this.#wantedTop(), this.#viewport(), DRAWN_BEYOND);
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#element;
    const stuck = !this.#goesOn && scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM;
    this.#anchor = this.#window.anchorAt(scrollTop);
    if (stuck !== this.stuck) {
      this.stuck = stuck;
      this.#hears.moved(stuck);
    }
    this.#redrawIfBare();
    this.#tellEnds();
  }

  #redrawIfBare() {
    const { start, end } = this.#window.visible(this.#element.scrollTop, this.#viewport(), NEEDED_BEYOND);
    if (start < this.#drawn.start || end > this.#drawn.end) this.#hears.redraw();
  }

  #resized() {
    const width = this.#element.clientWidth;
    if (width !== this.#width) this.#window.forgetHeights();
    this.#width = width;
    this.#hears.redraw();
  }
}
