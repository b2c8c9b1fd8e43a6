// The HTTP side of the server. Knows no page and no room state.

/** What the server answered instead: `code` is stable, `message` is for people. */
export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

let language = 'en';

let skew = 0;

/** How far the server's clock is ahead of ours, in ms; running times need it. */
export const clockSkew = () => skew;

/** The server words its errors in this language. */
export function speak(locale) {
  language = locale;
}

export const listRooms = () => call('GET', '/api/rooms').then(({ rooms }) => rooms);
export const createRoom = (name) => call('POST', '/api/rooms', name ? { name } : {});
export const setBot = (room, bot) => call('PATCH', roomPath(room), { bot });
export const deleteMessage = (room, seq) => call('DELETE', `${roomPath(room)}/messages/${seq}`);
/** `query`: `state` (several joined by commas), `name`, `room`, `handle`, `before`, `limit`; empty ones do not count. */
export const listJobs = (query) => call('GET', `/api/jobs?${new URLSearchParams(withoutEmpty(query))}`);
export const showJob = (id) => call('GET', jobPath(id));
export const startJob = (request) => call('POST', '/api/jobs', request);
export const cancelJob = (id) => call('POST', `${jobPath(id)}/cancel`);
export const retryJob = (id) => call('POST', `${jobPath(id)}/retry`);
export const dropJob = (id) => call('DELETE', jobPath(id));
export const jobStats = (span) => call('GET', `/api/jobs/stats?span=${span}`);
export const listSchedules = () => call('GET', '/api/schedules').then(({ schedules }) => schedules);
export const pauseSchedule = (id) => call('POST', `${schedulePath(id)}/pause`);
export const resumeSchedule = (id) => call('POST', `${schedulePath(id)}/resume`);
export const dropSchedule = (id) => call('DELETE', schedulePath(id));
export const signIn = (key) => call('POST', '/api/session', { key });
export const signOut = () => call('DELETE', '/api/session');

const roomPath = (room) => `/api/rooms/${encodeURIComponent(room)}`;
const jobPath = (id) => `/api/jobs/${encodeURIComponent(id)}`;
const schedulePath = (id) => `/api/schedules/${encodeURIComponent(id)}`;
const withoutEmpty = (query) => Object.fromEntries(Object.entries(query).filter(([, value]) => value));

/** The folder of assets that the server hands out now, to see whether ours is old. */
export async function currentAssets() {
  const response = await fetch('/', { cache: 'no-store' });
  const page = await response.text();
  return page.match(/"(\/assets\/[^"]*)js\/app\.js"/)?.[1] ?? null;
}

async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: {
      'Accept-Language': language,
      ...(body && { 'Content-Type': 'application/json' }),
    },
    body: body && JSON.stringify(body),
  });
  noteClock(response.headers.get('Date'));
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const { code = 'bad_request', message = response.statusText } = answer.error ?? {};
  throw new ApiError(response.status, code, message);
}

// The header has whole seconds; a smaller difference says nothing.
function noteClock(date) {
  const ahead = Date.parse(date) - Date.now();
  skew = Math.abs(ahead) > 2_000 ? ahead : 0;
}
