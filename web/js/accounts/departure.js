// Leaving for the identity provider, and what is known on the way back. It is this tab's alone.

const KEY = 'chatbot.departure';

/** `path`: where to go on afterwards. */
export function depart({ url, ticket }, path) {
  sessionStorage.setItem(KEY, JSON.stringify({ ticket, path }));
  location.assign(url);
}

/** `{ticket, path}`, once; null if nobody left. */
export function recallDeparture() {
  const kept = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return kept && JSON.parse(kept);
}
