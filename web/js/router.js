// Which address shows which room. Knows no room state and no view.

export const FIRST_ROOM = 'lobby';

export function pathOf(room, botRoom) {
  return room === botRoom ? '/bot' : `/room/${encodeURIComponent(room)}`;
}

/** The room of an address, or null where the address names none. */
export function roomOf(path, botRoom) {
  if (/^\/bot\/?$/.test(path)) return botRoom;
  const [, name] = path.match(/^\/room\/([^/]+)\/?$/) ?? [];
  if (!name) return null;
  try {
    return roomName(decodeURIComponent(name));
  } catch {
    return null; // Not percent-encoding at all.
  }
}

/** Room names are the same whatever case or composition they are typed in. */
export const roomName = (typed) => typed.trim().normalize('NFC').toLowerCase();
