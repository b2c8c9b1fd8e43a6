// Texts of which parts are marked: what a search matched, what was cited. Ranges
// are `[start, end]` in UTF-16 code units, as JavaScript counts. Pure.

/** `[{text, marked}]`, which together are the text. Ranges may overlap and come in any order. */
export function segments(text, marks = []) {
  const parts = [];
  let end = 0;
  for (const [from, to] of [...marks].sort((a, b) => a[0] - b[0])) {
    const start = Math.max(from, end);
    if (to <= start) continue;
    if (start > end) parts.push({ text: text.slice(end, start), marked: false });
    parts.push({ text: text.slice(start, to), marked: true });
    end = to;
  }
  if (end < text.length) parts.push({ text: text.slice(end), marked: false });
  return parts;
}

/** The part of a long text around its first mark: `{text, marks}`. */
export function excerpt(text, marks, length) {
  if (text.length <= length) return { text, marks };
  const first = marks[0]?.[0] ?? 0;
  // A little of what stands before it, from the beginning of a word.
  const wanted = Math.max(0, Math.min(first - Math.floor(length / 4), text.length - length));
  const start = wanted === 0 ? 0 : wordStart(text, wanted, first);
  const end = Math.min(text.length, start + length);
  const lead = start > 0 ? '…' : '';
  return {
    text: `${lead}${text.slice(start, end)}${end < text.length ? '…' : ''}`,
    marks: marks
      .filter(([from, to]) => to > start && from < end)
      .map(([from, to]) => [Math.max(from, start) - start + lead.length, Math.min(to, end) - start + lead.length]),
  };
}

function wordStart(text, from, limit) {
  const space = text.slice(from, limit).search(/\s\S/);
  const start = space < 0 ? from : from + space + 1;
  // Never in the middle of a character of two units.
  return /[\uDC00-\uDFFF]/.test(text[start]) ? start + 1 : start;
}

const HEADING = /^#{1,6} +/gm;
// What makes a heading, what stands between paragraphs but for one end of a line.
const LOOSE = /^#{1,6} +|^\n/gm;

/** A heading without its sign: `{text, marks}`. */
export const plainHeading = (text, marks) => without(HEADING, text, marks);

/** A passage as it is quoted, with its lines close together: `{text, marks}`. */
export const plainPassage = (text, marks) => without(LOOSE, text.trimEnd().replaceAll('\f', '\n'), marks);

/** A passage with what stands around it, as it is quoted: `{text, marks, from, to}`; the passage is from `from` to `to`. */
export function plainSource({ before = '', content, after = '', marks = [] }) {
  const place = [before.length, before.length + content.length];
  const moved = marks.map((mark) => mark.map((end) => end + before.length));
  const plain = plainPassage(before + content + after, [place, ...moved]);
  const [[from, to], ...rest] = plain.marks;
  return { text: plain.text, marks: rest, from, to: Math.min(to, plain.text.length) };
}

function without(pattern, text, marks = []) {
  const cuts = [...text.matchAll(pattern)].map((match) => ({ at: match.index, length: match[0].length }));
  if (cuts.length === 0) return { text, marks };
  const moved = (place) =>
    place - cuts.reduce((sum, { at, length }) => sum + Math.max(0, Math.min(length, place - at)), 0);
  return { text: text.replace(pattern, ''), marks: marks.map(([from, to]) => [moved(from), moved(to)]) };
}
