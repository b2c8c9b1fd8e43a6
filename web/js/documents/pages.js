// The text of a document: pages separated by U+000C, headings as lines that begin
// with `#`, paragraphs by empty lines. Pure.

const PAGE_END = '\f';

export const pagesOf = (text) => text.split(PAGE_END);
export const joinPages = (pages) => pages.join(PAGE_END);

const HEADING = /^(#{1,6}) +\S/;

/** `[[{start, text, level}]]`, the blocks of each page: headings with their level, paragraphs
    with none. `start` counts UTF-16 code units from the beginning of the document. */
export function blocksOf(text) {
  let start = 0;
  return pagesOf(text).map((page) => {
    const blocks = blocksOfPage(page, start);
    start += page.length + PAGE_END.length;
    return blocks;
  });
}

function blocksOfPage(page, pageStart) {
  const blocks = [];
  let start = pageStart;
  let open = null;
  for (const line of page.split('\n')) {
    const level = line.match(HEADING)?.[1].length ?? null;
    if (!line.trim()) open = null;
    else if (level) blocks.push({ start, text: line, level });
    else if (open) open.text += `\n${line}`;
    else blocks.push((open = { start, text: line, level: null }));
    if (level) open = null;
    start += line.length + 1;
  }
  return blocks;
}

/** The part of a range of the document that lies in a block, as marks of its text. */
export function marksIn({ start, text }, range) {
  if (!range) return [];
  const from = Math.max(0, range.start - start);
  const to = Math.min(text.length, range.end - start);
  return from < to ? [[from, to]] : [];
}
