// Which rows of a long list must exist so that the visible part is drawn, and how
// tall the rest would be. Pure; heights are told to it, elements are unknown to it.

export class RowWindow {
  #heights = new Map();
  #rows = [];
  #tops = [0];

  /** `guess` estimates the height of a row that was never drawn. */
  constructor(guess) {
    this.guess = guess;
  }

  setRows(rows) {
    if (rows === this.#rows) return;
    this.#rows = rows;
    this.#place();
  }

  #place() {
    let top = 0;
    this.#tops = this.#rows.map((row) => {
      const here = top;
      top += this.#heights.get(row.key) ?? this.guess(row);
      return here;
    });
    this.#tops.push(top);
  }

  /** Takes `[key, height]` pairs; says whether any was news. */
  measure(pairs) {
    let news = false;
    for (const [key, height] of pairs) {
      if (this.#heights.get(key) === height) continue;
      this.#heights.set(key, height);
      news = true;
    }
    if (news) this.#place();
    return news;
  }

  forgetHeights() {
    this.#heights.clear();
    this.#place();
  }

  get height() {
    return this.#tops.at(-1);
  }

  topOf(key) {
    const index = this.#rows.findIndex((row) => row.key === key);
    return index < 0 ? null : this.#tops[index];
  }

  /** The row at a height, and how far below its top that is. Rows that move when
      others are added (`moves`) hold nothing in its place; the next one does. */
  anchorAt(top) {
    let index = this.#indexAt(top);
    while (this.#rows[index]?.moves) index += 1;
    const row = this.#rows[index];
    return row ? { key: row.key, below: top - this.#tops[index] } : null;
  }

  /** Rows `start` to `end`, and the heights of what is left out before and after. */
  visible(top, viewport, overscan) {
    const start = this.#indexAt(top - overscan);
    const end = Math.min(this.#rows.length, this.#indexAt(top + viewport + overscan) + 1);
    return { start, end, before: this.#tops[start], after: this.height - this.#tops[end] };
  }

  #indexAt(top) {
    let low = 0;
    let high = Math.max(0, this.#rows.length - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#tops[middle] <= top) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
