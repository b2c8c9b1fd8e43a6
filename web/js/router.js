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

/** What stands in place of a room at an address, `{name: 'jobs' | 'documents' | 'people' | 'admin' | 'account' | 'join' | 'sign-in',
    part}`;
    null where that is a room. */
export function placeOf({ pathname, search, hash }) {
  if (/^\/join\/?$/.test(pathname)) return { name: 'join', part: { name: 'form', token: hash.slice(1) || null } };
  if (/^\/sign-in\/?$/.test(pathname)) return { name: 'sign-in', part: arrivalPart(search) };
  if (/^\/account\/?$/.test(pathname)) return { name: 'account', part: { name: 'list' } };
  const people = peoplePart(pathname, search);
  if (people) return { name: 'people', part: people };
  const admin = adminPart(pathname);
  if (admin) return { name: 'admin', part: admin };
  const jobs = dashboardPart(pathname);
  if (jobs) return { name: 'jobs', part: jobs };
  const documents = documentsPart(pathname, search, hash);
  return documents && { name: 'documents', part: documents };
}

/** With what the identity provider sends people back: `{code, state}`, each null if it is missing. */
function arrivalPart(search) {
  const given = new URLSearchParams(search);
  return { name: 'arrival', code: given.get('code'), state: given.get('state') };
}

/** Whether one comes in there, and does nothing else. */
export const isWayIn = (place) => ['join', 'sign-in'].includes(place?.name);

const SCHEDULES = 'schedules';

/** `part` is `{name: 'list' | 'schedules' | 'job', id?}`. */
export function dashboardPath({ name, id } = { name: 'list' }) {
  if (name === 'list') return '/jobs';
  return `/jobs/${name === 'job' ? encodeURIComponent(id) : SCHEDULES}`;
}

function dashboardPart(path) {
  const [matches, part] = path.match(/^\/jobs(?:\/([\w-]+))?\/?$/) ?? [];
  if (!matches) return null;
  if (!part) return { name: 'list' };
  return part === SCHEDULES ? { name: SCHEDULES } : { name: 'job', id: part };
}

const ADDING = 'new';
const TRYING = 'try';
const QUESTIONS = 'questions';

/** `part` is `{name: 'list' | 'add' | 'try' | 'questions' | 'read' | 'edit', id?, chunk?, question?}`; `chunk` is the passage that is
    shown, `question` what is tried. */
export function documentsPath({ name, id, chunk, question } = { name: 'list' }) {
  if (name === 'list') return '/documents';
  if (name === 'add') return `/documents/${ADDING}`;
  if (name === 'try') return `/documents/${TRYING}${question ? `?${new URLSearchParams({ q: question })}` : ''}`;
  if (name === 'questions') return `/documents/${QUESTIONS}`;
  const path = `/documents/${encodeURIComponent(id)}`;
  if (name === 'edit') return `${path}?edit`;
  return chunk === undefined || chunk === null ? path : `${path}#${chunk}`;
}

function documentsPart(path, search, hash) {
  const [matches, id] = path.match(/^\/documents(?:\/([\w-]+))?\/?$/) ?? [];
  if (!matches) return null;
  if (!id) return { name: 'list' };
  if (id === ADDING) return { name: 'add' };
  if (id === TRYING) return { name: 'try', question: new URLSearchParams(search).get('q') };
  if (id === QUESTIONS) return { name: 'questions' };
  if (search === '?edit') return { name: 'edit', id };
  return { name: 'read', id, chunk: /^#\d+$/.test(hash) ? Number(hash.slice(1)) : null };
}

const INVITATIONS = 'invitations';

/** `part` is `{name: 'list' | 'invitations'}`. */
export const peoplePath = ({ name } = { name: 'list' }) => (name === INVITATIONS ? `/people?${INVITATIONS}` : '/people');

function peoplePart(path, search) {
  if (!/^\/people\/?$/.test(path)) return null;
  return { name: search === `?${INVITATIONS}` ? INVITATIONS : 'list' };
}

const ADMIN = ['overview', 'rooms', 'documents', 'reports', 'held', 'sanctions', 'tokens', 'hooks', 'commands', 'audit', 'settings'];

/** `part` is `{name}`, one of those above. */
export const adminPath = ({ name }) => (name === ADMIN[0] ? '/admin' : `/admin/${name}`);

function adminPart(path) {
  const [matches, name = ADMIN[0]] = path.match(/^\/admin(?:\/([a-z]+))?\/?$/) ?? [];
  return matches && ADMIN.includes(name) ? { name } : null;
}

/** What is given away to invite somebody. What follows # never travels with a request. */
export const invitationLink = (origin, token) => `${origin}/join#${token}`;

/** Rooms of two or a few who write to each other directly. */
export const isDirect = (name) => name.startsWith('~');

/** The name that a room with that title gets: a part of its address. */
export const nameFromTitle = (title) => roomName(title).replace(/\s+/g, '-').replace(/[^\p{L}\p{M}\p{N}_-]/gu, '');

/** Room names are the same whatever case or composition they are typed in. */
export const roomName = (typed) => typed.trim().normalize('NFC').toLowerCase();
