// The document's title and icon: where one is and how much is unread.
// Knows only the texts and the number that it is given.

const icon = (name) => new URL(`../icons/${name}.svg`, import.meta.url).href;

export function showTitle(place, unread) {
  const count = unread > 0 ? `(${unread > 99 ? '99+' : unread}) ` : '';
  document.title = `${count}${place} · chatbot`;
  const link = document.querySelector('link[rel="icon"]');
  const wanted = icon(unread > 0 ? 'unread' : 'icon');
  if (link.href !== wanted) link.href = wanted;
}
