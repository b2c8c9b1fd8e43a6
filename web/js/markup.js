// Splits a message into plain text, code and links. Pure; makes no elements, so
// that nothing in a message can become mark-up.

const FENCE = /```(?:([^\n`]*)\n)?([\s\S]*?)(?:\n?```|$)/g;
const INLINE = /`([^`\n]+)`/g;
// A host may be followed directly by Chinese text, which then is no part of it;
// after the first slash an address may hold any letters.
const LINK = /https?:\/\/[a-z0-9.\-_~:@[\]%]+(?:[/?#][^\s<>"'`，。；：！？、（）「」『』《》【】]*)?/gi;
const TRAILING = '.,;:!?*_~\'")]}';

// As language models write it.
const STRONG = /\*\*(?=\S)([^*\n]+?)\*\*/g;
const CITATION = /\[(\d{1,2})\]/g;

/** A plain text of an answer, split further: `[{kind: 'text' | 'strong' | 'citation', text, at, number?}]`. */
export const parseAnswer = (text) =>
  split(text, STRONG, (match) => ({ kind: 'strong', text: match[1], inside: 2 }), (rest) =>
    split(rest, CITATION, (match) => ({ kind: 'citation', text: match[0], number: Number(match[1]) }), (plain) => [{ kind: 'text', text: plain }]));

/** The parts of a text that begins at `at`, cut at the ends of `ranges`: `[{text, isInside}]`. Ranges are in order and apart. */
export function cut(text, at, ranges) {
  const parts = [];
  let end = 0;
  const add = (to, isInside) => {
    if (to > end) parts.push({ text: text.slice(end, to), isInside });
    end = Math.max(end, to);
  };
  for (const [from, to] of ranges) {
    if (to <= at || from >= at + text.length) continue;
    add(from - at, false);
    add(Math.min(to - at, text.length), true);
  }
  add(text.length, false);
  return parts;
}

/** `[{kind: 'text' | 'code' | 'block' | 'link', text, at, href?, language?}]`, blocks on their own; `at` is where it begins. */
export function parse(source) {
  return split(source, FENCE, (match) => ({ kind: 'block', language: match[1]?.trim(), text: match[2] }), parseInline)
    .map((part, index, all) => trimAroundBlocks(part, all[index - 1], all[index + 1]));
}

const parseInline = (source) =>
  split(source, INLINE, (match) => ({ kind: 'code', text: match[1] }), parseLinks);

const parseLinks = (source) =>
  split(source, LINK, toLink, (text) => [{ kind: 'text', text }]);

function split(source, pattern, toPart, rest) {
  const parts = [];
  let end = 0;
  for (const match of source.matchAll(pattern)) {
    const part = toPart(match);
    if (!part) continue;
    if (match.index > end) parts.push(...moved(rest(source.slice(end, match.index)), end));
    parts.push({ ...part, at: match.index + (part.inside ?? 0) });
    end = match.index + (part.length ?? match[0].length);
  }
  if (end < source.length) parts.push(...moved(rest(source.slice(end)), end));
  return parts;
}

const moved = (parts, by) => parts.map((part) => ({ ...part, at: (part.at ?? 0) + by }));

function toLink([found]) {
  const text = withoutTrailing(found);
  try {
    return { kind: 'link', text, href: new URL(text).href, length: text.length };
  } catch {
    return null; // "https://[" looks like an address, but is none.
  }
}

// "(see https://example.com/a_(b))." ends at the bracket that belongs to it.
function withoutTrailing(found) {
  // Character by character: a pattern would try again from every one of thousands of dots.
  let length = found.length;
  while (length > 0 && TRAILING.includes(found[length - 1])) length -= 1;
  const text = found.slice(0, length);
  const opened = text.split('(').length - text.split(')').length;
  return opened > 0 && found[text.length] === ')' ? found.slice(0, text.length + opened) : text;
}

// A block stands on lines of its own, so the line breaks beside it would show twice.
function trimAroundBlocks(part, before, after) {
  if (part.kind !== 'text') return part;
  let { text, at } = part;
  if (before?.kind === 'block' && text.startsWith('\n')) [text, at] = [text.slice(1), at + 1];
  if (after?.kind === 'block') text = text.replace(/\n$/, '');
  return { ...part, text, at };
}
