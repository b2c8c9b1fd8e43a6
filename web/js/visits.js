// Which rooms this person visited lately and how far each was read, shared by all
// tabs of the browser. Knows neither messages nor the socket.

import { signal } from './html.js';
import { recall, remember } from './storage.js';

const MOST = 20;

export const visited = signal(recall('visited', []));
export const readUpTo = signal(recall('read', {}));

/** Puts the room first and returns those that fell off the end. */
export function visit(room, most = MOST) {
  const rooms = [room, ...visited.value.filter((name) => name !== room)];
  visited.value = rooms.slice(0, Math.min(most, MOST));
  remember('visited', visited.value);
  return rooms.slice(visited.value.length);
}

export function unvisit(room) {
  visited.value = visited.value.filter((name) => name !== room);
  remember('visited', visited.value);
}

export function markRead(room, seq) {
  // Another tab may have read further; the newest state is in the storage.
  const read = recall('read', {});
  if (read[room] === seq) return;
  readUpTo.value = { ...read, [room]: seq };
  remember('read', readUpTo.value);
}

/** As if that room had never been visited. */
export function forgetRead(room) {
  const { [room]: _, ...read } = recall('read', {});
  readUpTo.value = read;
  remember('read', read);
}

/** Rooms that were never visited have nothing unread, unless somebody `waits` there: nobody else means to read them. */
export function unreadOf(room, last, { waits = false } = {}) {
  const read = readUpTo.value[room] ?? (waits ? 0 : last);
  return Math.max(0, last - read);
}

/** What another tab changed. */
export function refreshVisits() {
  visited.value = recall('visited', []);
  readUpTo.value = recall('read', {});
}
