// What this browser remembers between visits. Knows no meaning of what it keeps.
//
// A browser may refuse storage (private windows, full disks); the page then
// works on and merely forgets.

const PREFIX = 'chatbot.';

export function recall(key, otherwise = null) {
  try {
    const text = localStorage.getItem(PREFIX + key);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // Nothing to be done, and nothing that the person would have to know.
  }
}

/** Calls `act` when another tab of this browser has changed what is remembered. */
export function whenChangedElsewhere(key, act) {
  addEventListener('storage', (event) => event.key === PREFIX + key && act());
}

export function forget(key) {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // As above.
  }
}
