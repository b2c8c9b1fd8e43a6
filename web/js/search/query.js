// What is written in the search box: filters such as `in:lobby` between the words,
// and which filter is being written just now. Pure; what it all finds is the server's business.

const NAMES = ['in', 'from', 'after', 'before', 'has'];
const FILTER = new RegExp(`(?:^|\\s)(${NAMES.join('|')})[:：](?:"([^"]*)"?|(\\S*))`, 'gi');

/** `{words, filters: [{name, value}]}`; filters without a value do not count. */
export function parse(text) {
  const filters = [...text.matchAll(FILTER)].map(([, name, quoted, plain]) => ({ name: name.toLowerCase(), value: quoted ?? plain }));
  return { words: text.replace(FILTER, ' ').trim(), filters: filters.filter(({ value }) => value) };
}

export function isEmpty(text) {
  const { words, filters } = parse(text);
  return !words && filters.length === 0;
}

/** The filter at the end of the text, which is still being written: `{name, typed}` or null. */
export function unfinished(text) {
  const last = [...text.matchAll(FILTER)].at(-1);
  if (!last || last.index + last[0].length !== text.length) return null;
  return { name: last[1].toLowerCase(), typed: (last[2] ?? last[3]).toLowerCase() };
}

/** The text with a filter: in place of the one that is being written, or behind the words. */
export function withFilter(text, name, value) {
  const writing = unfinished(text)?.name === name ? [...text.matchAll(FILTER)].at(-1) : null;
  const before = (writing ? text.slice(0, writing.index) : text).trim();
  const filter = `${name}:${/\s/.test(value) ? `"${value}"` : value}`;
  return `${before ? `${before} ` : ''}${filter}${value ? ' ' : ''}`;
}

export const withoutFilters = (text) => parse(text).words;
