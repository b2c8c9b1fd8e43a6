// The HTTP side of the server. Knows no page and no room state.

/** What the server answered instead: `code` is stable, `message` is for people; `document` is the id of the one that is a `duplicate`. */
export class ApiError extends Error {
  constructor(status, code, message, document) {
    super(message);
    this.status = status;
    this.code = code;
    this.document = document;
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

/** `query`: `q`. */
export const listRooms = (query = {}) => call('GET', `/api/rooms?${new URLSearchParams(withoutEmpty(query))}`).then(({ rooms }) => rooms);
/** `room`: `{name?, kind?, title?, topic?}`, or `{kind: 'direct', members}`. */
export const createRoom = (room) => call('POST', '/api/rooms', room);
/** `change`: any of `bot`, `persona`, `title`, `topic`, `kind`, `posting`, `slow_seconds`, `keep_days`, `keep_messages`, `archived`; a persona is
    `{greeting, instructions, working}`, each with the words by language. */
export const changeRoom = (name, change) => call('PATCH', roomPath(name), change);
export const deleteRoom = (name) => call('DELETE', roomPath(name));
/** With `persona` for those who may change the room, and with `people` if not everybody may enter. */
export const showRoom = (name) => call('GET', roomPath(name));
export const addToRoom = (name, handle) => call('PUT', roomPersonPath(name, handle));
export const removeFromRoom = (name, handle) => call('DELETE', roomPersonPath(name, handle));
/** `query`: `q`, `kind` (`messages` or `documents`), `limit`. */
export const search = (query, signal) => call('GET', `/api/search?${new URLSearchParams(withoutEmpty(query))}`, undefined, { signal });
/** `query`: `q`, `room`, `language`, `kind`, `state`, `limit`, `after`; empty ones do not count. */
export const listDocuments = (query) => call('GET', `/api/documents?${new URLSearchParams(withoutEmpty(query))}`);
/** What would be found for `{q, room?}`, and why. */
export const tryQuestion = (query) => call('GET', `/api/documents/trial?${new URLSearchParams(withoutEmpty(query))}`);
/** Those that are not answered well: `{questions: [{id, question, unanswered, rated_bad, answer?, first_at, last_at}], full}`. */
export const listQuestions = () => call('GET', '/api/documents/questions');
export const dismissQuestion = (id) => call('DELETE', questionPath(id));
/** `entry` is `{question, answer, document?}`; the answer is the list that has it. */
export const answerQuestion = (id, entry) => call('POST', `${questionPath(id)}/answer`, entry);
/** Whether a passage, by its id, is used when something is looked up. */
export const usePassage = (id, passage, used) => call('PUT', `${documentPath(id)}/passages/${encodeURIComponent(passage)}`, { used });
export const showDocument = (id) => call('GET', documentPath(id));
/** What would be stored of `{url}` or `{text, kind?}`. */
export const previewDocument = (content) => call('POST', '/api/documents/preview', content);
/** The same of a file, which takes a while: `upload` is `{progress(share, recognising?), signal}`, where `recognising` is the
    `{page, pages}` of a file whose pages have to be recognised. */
export const previewFile = (file, upload) => send('/api/documents/preview', { file }, upload);
export const addDocument = (document) => call('POST', '/api/documents', document);
export const addFile = (file, fields, upload) => send('/api/documents', { ...fields, file }, upload);
export const changeDocument = (id, change) => call('PUT', documentPath(id), change);
export const deleteDocument = (id) => call('DELETE', documentPath(id));
export const listCollections = () => call('GET', '/api/collections').then(({ collections }) => collections);
export const createCollection = (name) => call('POST', '/api/collections', { name });
export const renameCollection = (name, wanted) => call('PATCH', collectionPath(name), { name: wanted });
export const deleteCollection = (name) => call('DELETE', collectionPath(name));
/** The room has the collections of these names from then on, and no others. */
export const chooseCollections = (room, collections) => call('PUT', `${roomPath(room)}/collections`, { collections });
export const originalPath = (id) => `${documentPath(id)}/original`;
export const deleteMessage = (room, seq, following) => call('DELETE', `${messagePath(room, seq)}${following ? '?with=following' : ''}`);
const reactionPath = (room, seq, emoji) => `${messagePath(room, seq)}/reactions/${encodeURIComponent(emoji)}`;
/** Puts an emoji on a message; `handle` is the name of a guest. */
export const react = (room, seq, emoji, handle) => call('PUT', `${reactionPath(room, seq, emoji)}?${new URLSearchParams(withoutEmpty({ handle }))}`);
export const takeReactionBack = (room, seq, emoji) => call('DELETE', reactionPath(room, seq, emoji));
export const report = (room, seq, reason) => call('POST', `${messagePath(room, seq)}/report`, reason ? { reason } : {});
export const listReports = () => call('GET', '/api/reports').then(({ reports }) => reports);
export const settleReport = (id) => call('DELETE', `/api/reports/${encodeURIComponent(id)}`);
/** `{kind: 'mute' | 'ban', by: 'author' | 'address', room, seq, minutes?, reason?}`; without minutes for ever. */
export const sanction = (sanction) => call('POST', '/api/sanctions', sanction);
/** `[{held, room, id, handle, author_role?, message, timestamp, reason, found?, expires_at}]`. */
export const listHeld = () => call('GET', '/api/held').then(({ held }) => held);
/** `{approved, trust?}`; with `trust` all that its author has waiting, from now on without waiting. */
export const approve = (id, approval = {}) => call('POST', `/api/held/${encodeURIComponent(id)}/approve`, approval);
export const reject = (id) => call('DELETE', `/api/held/${encodeURIComponent(id)}`);
export const listSanctions = () => call('GET', '/api/sanctions').then(({ sanctions }) => sanctions);
export const endSanction = (id) => call('DELETE', `/api/sanctions/${encodeURIComponent(id)}`);
/** Removes what whoever wrote `{room, seq}` or asked for `{job}`, or everybody at that address, said in the last `hours`, and cancels
    all they have under way and planned; with 0 hours only that. */
export const clear = (what) => call('POST', '/api/moderation/clear', what);
/** `query`: `state` (several joined by commas), `name`, `room`, `handle`, `before`, `limit`; empty ones do not count. */
export const listJobs = (query) => call('GET', `/api/jobs?${new URLSearchParams(withoutEmpty(query))}`);
export const showJob = (id) => call('GET', jobPath(id));
export const startJob = (request) => call('POST', '/api/jobs', request);
export const cancelJob = (id) => call('POST', `${jobPath(id)}/cancel`);
export const retryJob = (id) => call('POST', `${jobPath(id)}/retry`);
export const dropJob = (id) => call('DELETE', jobPath(id));
/** Lets commands of these names wait, or go on; without a name all that people ask for. */
export const pauseCommands = (paused, name) => call('POST', '/api/jobs/pause', { paused, ...(name && { name }) });
export const jobStats = (span) => call('GET', `/api/jobs/stats?span=${span}`);
export const listSchedules = () => call('GET', '/api/schedules').then(({ schedules }) => schedules);
export const pauseSchedule = (id) => call('POST', `${schedulePath(id)}/pause`);
export const resumeSchedule = (id) => call('POST', `${schedulePath(id)}/resume`);
export const dropSchedule = (id) => call('DELETE', schedulePath(id));
/** What there is to sign in with beside a password: `{passkeys, provider}`. */
export const fetchWays = () => call('GET', '/api/session').then(({ ways }) => ways);
/** `code` of the second factor, if it was asked for. */
export const signIn = (name, password, code) => call('POST', '/api/session', { name, password, ...(code && { code }) });
export const startPasskeySignIn = () => call('POST', '/api/session/passkey/start');
export const signInWithPasskey = (answer) => call('POST', '/api/session/passkey', answer);
export const departToSignIn = () => call('POST', '/api/session/provider/start');
export const arriveToSignIn = (arrival) => call('POST', '/api/session/provider', arrival);
export const signInWithKey = (key) => call('POST', '/api/session', { key });
/** A browser whose cookie went to an account gets a new one with the page. */
export const becomeGuest = () => fetch('/', { cache: 'no-store' });
export const signOut = () => call('DELETE', '/api/session');
export const showInvitation = (token) => call('POST', '/api/invitations/show', { token });
/** `{invitation, name, password}`, which signs in, or `{name, role, password}` for somebody else. */
export const createAccount = (account) => call('POST', '/api/accounts', account);
export const showAccount = () => call('GET', '/api/account');
// Whoever changes what the account is signed in with says its password, if it has one.
export const startPasskey = (password) => call('POST', '/api/account/passkeys/start', { password });
export const addPasskey = (passkey) => call('POST', '/api/account/passkeys', passkey);
export const removePasskey = (id, password) => call('DELETE', `/api/account/passkeys/${encodeURIComponent(id)}`, { password });
export const startSecondFactor = (password) => call('POST', '/api/account/second-factor/start', { password });
export const addSecondFactor = (factor) => call('POST', '/api/account/second-factor', factor).then((answer) => answer.recovery_codes);
export const removeSecondFactor = (password) => call('DELETE', '/api/account/second-factor', { password });
export const renewRecoveryCodes = (password) => call('POST', '/api/account/recovery-codes', { password }).then((answer) => answer.recovery_codes);
export const departToLink = (password) => call('POST', '/api/account/identity/start', { password });
export const arriveToLink = (arrival) => call('POST', '/api/account/identity', arrival);
export const unlinkIdentity = (password) => call('DELETE', '/api/account/identity', { password });
/** Ends all other sessions. `current` is null if there is no password yet. */
export const changePassword = (current, wanted) => call('POST', '/api/account/password', { current, new: wanted });
/** Everything of the person who asks, as a file. */
export const EXPORT_FILE = '/api/account/export';
/** Deletes the own account, or forgets a guest: `{messages: 'keep' | 'remove', password?}`. */
export const leave = (how) => call('POST', '/api/account/delete', how);
export const endSession = (id) => call('DELETE', `/api/account/sessions/${encodeURIComponent(id)}`);
export const endEverySession = () => call('DELETE', '/api/account/sessions');
export const listTokens = () => call('GET', '/api/account/tokens').then(({ tokens }) => tokens);
/** `{name, scopes, rooms?, days?}`; the answer has the `token` itself, this once. */
export const createToken = (token) => call('POST', '/api/account/tokens', token);
export const deleteToken = (id) => call('DELETE', `/api/account/tokens/${encodeURIComponent(id)}`);
/** Those of everybody; `query`: `after` (the id of an account), `limit`. */
export const listAllTokens = (query) => call('GET', `/api/tokens?${new URLSearchParams(withoutEmpty(query))}`);
export const revokeToken = (account, id) => call('DELETE', `${accountPath(account)}/tokens/${encodeURIComponent(id)}`);
export const listHooks = () => call('GET', '/api/hooks').then(({ hooks }) => hooks);
/** `{name, room}`; the answer has the `url` itself, this once. */
export const createHook = (hook) => call('POST', '/api/hooks', hook);
/** `change`: `{template}`; an empty one takes it away. */
export const changeHook = (id, change) => call('PATCH', `/api/hooks/${encodeURIComponent(id)}`, change);
/** `{template?, example}`; the answer is `{text, problem?}`. */
export const previewHook = (wanted) => call('POST', '/api/hooks/preview', wanted);
export const deleteHook = (id) => call('DELETE', `/api/hooks/${encodeURIComponent(id)}`);
export const listWebhooks = () => call('GET', '/api/webhooks').then(({ webhooks }) => webhooks);
/** `query`: `q`, `after`, `limit`; empty ones do not count. */
export const listAccounts = (query) => call('GET', `/api/accounts?${new URLSearchParams(withoutEmpty(query))}`);
/** `change`: any of `role`, `disabled`, `password`, and `second_factor: false`, which removes it with the passkeys. */
export const changeAccount = (id, change) => call('PATCH', accountPath(id), change);
/** `messages` is `keep` or `remove`. */
export const removeAccount = (id, messages) => call('DELETE', `${accountPath(id)}?messages=${messages}`);
export const signOutAccount = (id) => call('DELETE', `${accountPath(id)}/sessions`);
/** `{into, handle}` or `{into, room, seq}`: whoever that is becomes one with the account `into`. */
export const mergePeople = (merge) => call('POST', '/api/merges', merge);
export const listMerges = () => call('GET', '/api/merges').then(({ merges }) => merges);
export const undoMerge = (id) => call('DELETE', `/api/merges/${encodeURIComponent(id)}`);
export const listInvitations = () => call('GET', '/api/invitations').then(({ invitations }) => invitations);
/** `{role, uses, days}`; `uses` is null for any number of people. */
export const createInvitation = (invitation) => call('POST', '/api/invitations', invitation);
export const deleteInvitation = (id) => call('DELETE', `/api/invitations/${encodeURIComponent(id)}`);

const roomPath = (room) => `/api/rooms/${encodeURIComponent(room)}`;
/** `span`: `hour` or `day`. */
export const overview = (span) => call('GET', `/api/overview?span=${span}`);
export const diagnoses = () => call('GET', '/api/doctor');
/** `query`: `q`, `before`, `limit`; empty ones do not count. */
export const audit = (query) => call('GET', `/api/audit?${new URLSearchParams(withoutEmpty(query))}`);
/** `[{name, built_in, allow, rooms, configured?}]`. */
export const listCommandPermissions = () => call('GET', '/api/commands/permissions').then(({ commands }) => commands);
/** `{allow, rooms}`. */
export const permitCommand = (name, rule) => call('PUT', commandPermissionPath(name), rule);
/** What the configuration says counts again. */
export const resetCommandPermission = (name) => call('DELETE', commandPermissionPath(name));
export const AUDIT_FILE = '/api/audit.jsonl';
export const settings = () => call('GET', '/api/settings');
export const moderation = () => call('GET', '/api/settings/moderation');
export const setModeration = (settings) => call('PUT', '/api/settings/moderation', settings);
/** What the configuration says counts again. */
export const resetModeration = () => call('DELETE', '/api/settings/moderation');
export const changeSettings = (change) => call('PATCH', '/api/settings', change);

const questionPath = (id) => `/api/documents/questions/${encodeURIComponent(id)}`;
const messagePath = (room, seq) => `${roomPath(room)}/messages/${seq}`;
const roomPersonPath = (room, handle) => `${roomPath(room)}/people/${encodeURIComponent(handle)}`;
const collectionPath = (name) => `/api/collections/${encodeURIComponent(name)}`;
const documentPath = (id) => `/api/documents/${encodeURIComponent(id)}`;
const jobPath = (id) => `/api/jobs/${encodeURIComponent(id)}`;
const accountPath = (id) => `/api/accounts/${encodeURIComponent(id)}`;
const commandPermissionPath = (name) => `/api/commands/${encodeURIComponent(name)}/permission`;
const schedulePath = (id) => `/api/schedules/${encodeURIComponent(id)}`;
const withoutEmpty = (query) => Object.fromEntries(Object.entries(query).filter(([, value]) => value));

/** The folder of assets that the server hands out now, to see whether ours is old. */
export async function currentAssets() {
  const response = await fetch('/', { cache: 'no-store' });
  const page = await response.text();
  return page.match(/"(\/assets\/[^"]*)js\/app\.js"/)?.[1] ?? null;
}

async function call(method, path, body, { signal } = {}) {
  const response = await fetch(path, {
    method,
    signal,
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
  throw refusal(response, answer);
}

function refusal({ status, statusText }, answer) {
  const { code = 'bad_request', message = statusText, document } = answer?.error ?? {};
  return new ApiError(status, code, message, document);
}

// `fetch` does not say how much of a request has gone.
function send(path, fields, { progress, signal }) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value) form.append(name, value);
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    request.open('POST', path);
    request.setRequestHeader('Accept-Language', language);
    request.setRequestHeader('Accept', 'application/x-ndjson, application/json');
    request.upload.onprogress = ({ loaded, total }) => progress(loaded / total);
    request.onprogress = () => {
      const { recognising } = lastOf(request.responseText);
      if (recognising) progress(1, recognising);
    };
    request.onload = () => {
      const answer = lastOf(request.responseText);
      if (answer.done) resolve(answer.done);
      else reject(refusal(request, answer));
    };
    request.onerror = () => reject(new TypeError('The upload broke off'));
    request.onabort = () => reject(new DOMException('The upload was cancelled', 'AbortError'));
    signal?.addEventListener('abort', () => request.abort());
    request.send(form);
  });
}

/** The last whole line of JSON. */
function lastOf(lines) {
  const whole = lines.slice(0, lines.lastIndexOf('\n') + 1) || lines;
  try {
    return JSON.parse(whole.trimEnd().split('\n').at(-1));
  } catch {
    return {};
  }
}

// The header has whole seconds; a smaller difference says nothing.
function noteClock(date) {
  const ahead = Date.parse(date) - Date.now();
  skew = Math.abs(ahead) > 2_000 ? ahead : 0;
}
