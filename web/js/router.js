// Which address shows which part of the page. Knows no room state and no view.

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

const SCHEDULES = 'schedules';

/** `part` is `{name: 'list' | 'schedules' | 'job', id?}`. */
export function dashboardPath({ name, id } = { name: 'list' }) {
  if (name === 'list') return '/jobs';
  return `/jobs/${name === 'job' ? encodeURIComponent(id) : SCHEDULES}`;
}

/** The part of the dashboard at an address, or null for any other address. */
export function dashboardPart(path) {
  const [matches, part] = path.match(/^\/jobs(?:\/([\w-]+))?\/?$/) ?? [];
  if (!matches) return null;
  if (!part) return { name: 'list' };
  return part === SCHEDULES ? { name: SCHEDULES } : { name: 'job', id: part };
}

/** Room names are the same whatever case or composition they are typed in. */
export const roomName = (typed) => typed.trim().normalize('NFC').toLowerCase();
