// Turns a room into the rows of the message list: day dividers, messages with or
// without a head, job cards below what asked for them, own messages that wait.
// Pure; knows no heights and no elements.

const SAME_HEAD_WITHIN = 5 * 60_000;

/** `[{key, kind, …}]` from top to bottom; keys stay the same as long as the thing does. */
export function rowsOf(room, { newFrom, me }) {
  const rows = [{ key: 'top', kind: 'top', moves: true }];
  const cards = cardsBySeq(room);
  for (const job of cards.above) rows.push(jobRow(job));
  let previous = null;
  let day = null;
  for (const message of room.shown) {
    const at = new Date(message.timestamp);
    if (day !== at.toDateString()) {
      day = at.toDateString();
      rows.push({ key: `day ${message.seq}`, kind: 'day', at, moves: true });
      previous = null;
    }
    if (message.seq === newFrom) {
      rows.push({ key: 'new', kind: 'new' });
      previous = null;
    }
    rows.push(messageRow(room, message, at, previous));
    const jobs = cards.below.get(message.seq) ?? [];
    for (const job of jobs) rows.push(jobRow(job));
    previous = jobs.length || message.role === 'system' ? null : { ...message, at };
  }
  for (const waiting of room.past ? [] : room.pending) {
    const at = new Date(waiting.at);
    rows.push(pendingRow(waiting, at, previous, me));
    previous = { ...authorOf(me), at };
  }
  // One tick is enough: what came before it has arrived as well.
  const latest = rows.findLast((row) => row.own && row.state === 'stored');
  if (latest) latest.latest = true;
  return rows;
}

function messageRow(room, message, at, previous) {
  const own = room.ownIds.has(message.id);
  const asked = message.reply_to && message.reply_to !== message.seq - 1 ? message.reply_to : null;
  const head = asked !== null || !continues(previous, message, at);
  return { key: own ? message.id : `#${message.seq}`, kind: 'message', message, at, head, own, asked, state: 'stored' };
}

function pendingRow(waiting, at, previous, me) {
  const message = { id: waiting.id, message: waiting.message, ...authorOf(me) };
  const head = !continues(previous, message, at);
  return { key: waiting.id, kind: 'message', message, at, head, own: true, state: waiting.state, reason: waiting.reason };
}

/** How messages of this person will come back. */
const authorOf = (me) => ({ handle: me?.handle ?? '', role: 'user', ...(me && me.role !== 'user' && { author_role: me.role }) });

const continues = (previous, message, at) =>
  previous !== null &&
  previous.handle === message.handle &&
  previous.role === message.role &&
  previous.author_role === message.author_role &&
  at - previous.at < SAME_HEAD_WITHIN;

const jobRow = (job) => ({ key: `job ${job.id}`, kind: 'job', job });

// A job asked for further up than we have loaded still belongs on the screen.
function cardsBySeq(room) {
  const below = new Map();
  const above = [];
  for (const job of room.jobs.values()) {
    if (!room.past && (job.seq < room.first || !job.seq)) above.push(job);
    else below.set(job.seq, [...(below.get(job.seq) ?? []), job]);
  }
  return { below, above };
}
