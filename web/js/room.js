// What is known of one room: its messages in order, what of ours still waits,
// its jobs, who is there and who types.
//
// Knows neither socket nor page. It is given frames and returns the frames that
// must be sent in answer, so it can be tested with plain objects.

import { hasEnded } from './job_states.js';

// A person who stopped typing does not say so; silence for this long means it.
const TYPING_LASTS = 5_000;
const GAP_LIMIT = 200;
const PAST_LIMIT = 60;

export class Room {
  messages = [];
  // What is looked at far above `messages`; null where that is the newest.
  past = null;
  pending = [];
  jobs = new Map();
  members = new Map();
  count = 0;
  bot = 'always';
  greeting = null;
  /** `{kind, title, topic, archived, posting, slow_seconds, keep_days, keep_messages, hold_guests, may}` once it is known. */
  about = null;
  epoch = null;
  last = 0;
  /** The oldest message that the server keeps, as far as is known; those before it were removed. */
  oldest = 1;
  // Grows with every message and every change of one; tells the server what we know.
  version = 0;
  problem = null;
  /** Whether entering has been asked for and not been answered. */
  isJoining = false;
  loadingOlder = false;
  // Set when the server refused older messages, so that we do not ask in a loop.
  olderRefused = false;
  ownIds = new Set();

  #changed;
  #ahead = new Map();
  #gapAskedAfter = null;
  #pastAsked = null;
  // Jobs that were answered, with the attempt that was: one that is tried again is shown again.
  #answered = new Map();
  #typing = new Map();

  constructor(name, changed = () => {}) {
    this.name = name;
    this.#changed = changed;
  }

  get joined() {
    return this.epoch !== null;
  }

  get first() {
    return this.messages.length ? this.messages[0].seq : this.last + 1;
  }

  /** What is looked at: a part of the past, or the newest. */
  get shown() {
    return this.past ?? this.messages;
  }

  get hasOlder() {
    return this.joined && firstOf(this.shown, this.first) > this.oldest;
  }

  at(seq) {
    return this.messages[seq - this.first] ?? this.past?.[seq - this.past[0].seq];
  }

  // --- being in the room ---

  joinFrame() {
    this.isJoining = true;
    const frame = { type: 'join', room: this.name };
    return this.joined ? { ...frame, after: this.last, version: this.version, epoch: this.epoch } : frame;
  }

  onJoined(frame) {
    this.isJoining = false;
    if (!frame.complete || frame.epoch !== this.epoch) this.#forget(frame);
    this.#dropBefore(frame.oldest);
    this.#pastAsked = null;
    this.epoch = frame.epoch;
    this.version = frame.version;
    this.problem = null;
    this.loadingOlder = false;
    this.#gapAskedAfter = null;
    this.members = new Map(frame.members.map((member) => [member.handle, member]));
    this.count = frame.count;
    this.bot = frame.bot;
    this.about = aboutOf(frame);
    this.greeting = frame.greeting ?? null;
    for (const message of frame.messages) this.#append(message);
    this.jobs.clear();
    for (const job of frame.jobs) {
      this.#answered.delete(job.id);
      this.#keepJob(job);
    }
    for (const message of frame.changed ?? []) this.#replace(message);
    // What is not among them was approved, which is told as a message, or was not while we were away.
    this.pending = this.pending.filter(({ state }) => state !== 'held');
    for (const held of frame.held ?? []) this.#keepHeld(held);
    this.#changed();
    const missing = this.last < frame.last ? this.#askGap() : [];
    return [...missing, ...this.#resend()];
  }

  // What the server has removed is not shown any more either.
  #dropBefore(oldest) {
    this.oldest = oldest;
    this.messages = this.messages.filter(({ seq }) => seq >= oldest);
    if (this.past?.[0].seq < oldest) this.past = null;
  }

  // The numbering began anew or too much was missed: what we hold may have holes.
  #forget(frame) {
    this.messages = [];
    this.past = null;
    this.#ahead.clear();
    this.#answered.clear();
    this.last = (frame.messages[0]?.seq ?? frame.last + 1) - 1;
  }

  /** What was known of it is no longer this person's. */
  onRefused(problem) {
    this.#forget({ messages: [], last: 0 });
    this.isJoining = false;
    this.epoch = null;
    this.version = 0;
    this.about = null;
    this.jobs.clear();
    this.members.clear();
    this.count = 0;
    this.problem = problem;
    this.#changed();
  }

  /** The frame is the same for all: what this person may do is said only when one joins. */
  onSettings(frame, greeting) {
    const before = this.about;
    this.bot = frame.bot;
    this.about = aboutOf({ ...frame, may: before?.may ?? [] });
    this.greeting = greeting;
    this.#changed();
    const isAsBefore = before?.posting === this.about.posting && before.archived === this.about.archived;
    return this.joined && !isAsBefore ? [this.joinFrame()] : [];
  }

  /** Whether this person may write here, as far as that is known. */
  get mayPost() {
    return this.about?.may.includes('post') ?? true;
  }

  get mayReact() {
    return this.about?.may.includes('react') ?? true;
  }

  onPresence({ joined, left, count }) {
    for (const member of joined) this.members.set(member.handle, member);
    for (const member of left) this.members.delete(member.handle);
    this.count = count;
    this.#changed();
  }

  // --- messages ---

  onMessage(message) {
    if (!this.joined) return [];
    this.#reach(message);
    if (message.seq > this.last + 1) {
      this.#ahead.set(message.seq, message);
      return this.#askGap();
    }
    this.#append(message);
    this.#appendAhead();
    this.#changed();
    return [];
  }

  // Which request it answers its numbers say.
  onHistory({ messages, more, before, after }) {
    // There may be fewer than when one joined.
    if (after === null && !more) this.oldest = Math.max(this.oldest, messages[0]?.seq ?? before ?? this.first);
    const asked = this.#pastAsked;
    if (asked && (asked.before ?? null) === (before ?? null) && (asked.after ?? null) === (after ?? null)) return this.#onPast(messages);
    const nothing = messages.length === 0;
    const isOlder = !nothing && messages[0].seq < this.first;
    const isNewer = !nothing && messages.at(-1).seq > this.last;
    if (isOlder || nothing) this.loadingOlder = false;
    if (messages.findLast(({ seq }) => seq < this.first)?.seq === this.first - 1) {
      this.messages.unshift(...messages.filter(({ seq }) => seq < this.first));
    }
    for (const message of messages) this.#append(message);
    this.#appendAhead();
    this.#changed();
    return isOlder && !isNewer ? [] : this.#afterGap({ more: more && isNewer, filled: isNewer });
  }

  #afterGap({ more, filled }) {
    if (this.#gapAskedAfter === null) return [];
    this.#gapAskedAfter = null;
    if (this.#ahead.size === 0 && !more) return [];
    if (filled) return this.#askGap();
    // The server has nothing for a hole that we see: what we hold is worth nothing.
    this.epoch = null;
    return [this.joinFrame()];
  }

  #append(message) {
    if (message.seq === this.last + 1) {
      this.messages.push(message);
      this.last = message.seq;
    }
    if (message.seq > this.last) return;
    this.#typing.delete(message.handle);
    this.pending = this.pending.filter((waiting) => waiting.id !== message.id);
    if (message.job && message.job_state) {
      this.#answered.set(message.job, this.jobs.get(message.job)?.attempt ?? Infinity);
      this.jobs.delete(message.job);
    }
  }

  #appendAhead() {
    while (this.#ahead.has(this.last + 1)) {
      const message = this.#ahead.get(this.last + 1);
      this.#ahead.delete(message.seq);
      this.#append(message);
    }
    for (const seq of this.#ahead.keys()) if (seq <= this.last) this.#ahead.delete(seq);
  }

  #askGap() {
    if (this.#gapAskedAfter === this.last) return [];
    this.#gapAskedAfter = this.last;
    return [{ type: 'history', room: this.name, after: this.last, limit: GAP_LIMIT }];
  }

  askOlder() {
    if (!this.hasOlder || this.loadingOlder) return [];
    if (this.past) return this.#askPast({ before: this.past[0].seq, limit: PAST_LIMIT });
    this.loadingOlder = true;
    this.olderRefused = false;
    this.#changed();
    return [{ type: 'history', room: this.name, before: this.first, limit: 50 }];
  }

  // --- the past ---

  /** Looks at what stands around a message that is far above what is here. */
  askAround(seq, before) {
    const range = { after: Math.max(0, seq - 1 - before), limit: PAST_LIMIT };
    return this.joined && seq < this.first ? this.#askPast(range) : [];
  }

  get isAskingPast() {
    return this.#pastAsked !== null;
  }

  /** Goes on downwards from the past. */
  askNewer() {
    if (!this.past || this.#pastAsked) return [];
    return this.#askPast({ after: this.past.at(-1).seq, limit: PAST_LIMIT });
  }

  leavePast() {
    this.past = null;
    this.#pastAsked = null;
    this.loadingOlder = false;
    this.#changed();
  }

  #askPast(range) {
    this.#pastAsked = range;
    this.loadingOlder = 'before' in range;
    this.olderRefused = false;
    this.#changed();
    return [{ type: 'history', room: this.name, ...range }];
  }

  #onPast(messages) {
    this.#pastAsked = null;
    this.loadingOlder = false;
    const last = messages.at(-1)?.seq;
    const before = this.past ?? [];
    if (last + 1 === before[0]?.seq) this.past = [...messages, ...before];
    else if (messages[0]?.seq === before.at(-1)?.seq + 1) this.past = [...before, ...messages];
    else if (messages.length > 0) this.past = messages;
    this.#joinPast();
    this.#changed();
    return [];
  }

  // Where the past reaches what is here, both are one.
  #joinPast() {
    if (!this.past || this.past.at(-1).seq + 1 < this.first) return;
    this.messages = [...this.past.filter(({ seq }) => seq < this.first), ...this.messages];
    this.past = null;
  }

  /** The answer to a request for older messages will not come. */
  stopLoading({ refused }) {
    this.#pastAsked = null;
    this.olderRefused = refused && this.loadingOlder;
    this.loadingOlder = false;
    this.#changed();
  }

  onDeleted(frame) {
    this.#reach(frame);
    this.#markDeleted(frame.seq);
    this.#changed();
  }

  onChanged(message) {
    this.#reach(message);
    this.#replace(message);
    this.#changed();
  }

  #reach({ version }) {
    if (version > this.version) this.version = version;
  }

  /** Takes a deletion back that the server never heard of. */
  onRestored(message) {
    this.#replace(message);
    this.#changed();
  }

  #markDeleted(seq) {
    const message = this.at(seq) ?? this.#ahead.get(seq);
    if (message) this.#replace({ ...message, message: '', results: undefined, deleted: true });
  }

  #replace(message) {
    for (const part of [this.messages, this.past ?? []]) {
      const index = message.seq - part[0]?.seq;
      if (part[index]) part[index] = message;
    }
    if (this.#ahead.has(message.seq)) this.#ahead.set(message.seq, message);
  }

  // --- our own messages ---

  /** Shows the message at once; it stays `waiting` until the server has it on disk. */
  post(id, text, at) {
    this.pending.push({ id, message: text, at, state: 'waiting' });
    this.ownIds.add(id);
    this.#changed();
    return this.joined ? [this.#sendFrame(id, text)] : [];
  }

  restorePending(waiting) {
    this.pending = waiting.map((message) => ({ ...message }));
    for (const { id } of waiting) this.ownIds.add(id);
  }

  onAck({ id, seq }) {
    if (seq <= this.last) this.pending = this.pending.filter((waiting) => waiting.id !== id);
    this.#setPending(id, { state: 'stored', seq });
  }

  /** It waits for approval, and is seen by us alone until then. */
  onHeld(held) {
    this.#keepHeld(held);
    this.#changed();
  }

  #keepHeld({ id, held, message, timestamp }) {
    if (this.messages.some((known) => known.id === id)) return;
    this.ownIds.add(id);
    const others = this.pending.filter((waiting) => waiting.id !== id);
    this.pending = [...others, { id, held, message, at: Date.parse(timestamp), state: 'held' }];
  }

  /** It was not approved. */
  onRejected({ held }) {
    const rejected = this.pending.find((waiting) => waiting.held === held);
    if (rejected) this.#setPending(rejected.id, { state: 'rejected' });
  }

  onSendFailed(id, reason) {
    this.#setPending(id, { state: 'failed', reason });
  }

  failWaiting() {
    for (const { id, state } of this.pending) if (state === 'waiting') this.onSendFailed(id);
  }

  /** The same id again, so that a message that did arrive is not stored twice. */
  tryAgain(id) {
    this.#setPending(id, { state: 'waiting', reason: undefined });
    const waiting = this.pending.find((message) => message.id === id);
    return waiting && this.joined ? [this.#sendFrame(id, waiting.message)] : [];
  }

  discard(id) {
    this.pending = this.pending.filter((waiting) => waiting.id !== id);
    this.#changed();
  }

  #setPending(id, change) {
    this.pending = this.pending.map((waiting) => (waiting.id === id ? { ...waiting, ...change } : waiting));
    this.#changed();
  }

  #resend() {
    return this.pending
      .filter(({ state }) => state === 'waiting')
      .map(({ id, message }) => this.#sendFrame(id, message));
  }

  #sendFrame(id, message) {
    return { type: 'send', room: this.name, id, message };
  }

  // --- jobs ---

  onJob(job) {
    this.#keepJob(job);
    this.#changed();
  }

  #keepJob(job) {
    if (this.#answered.has(job.id)) {
      // What is said late of an attempt that was answered is no news.
      const again = !hasEnded(job) && (job.state !== 'running' || job.attempt > this.#answered.get(job.id));
      if (!again) return;
      this.#answered.delete(job.id);
    }
    const before = this.jobs.get(job.id);
    const streamed = job.partial || before?.attempt !== job.attempt ? streamFrom(job.partial) : before.streamed;
    this.jobs.set(job.id, { ...job, streamed });
  }

  onDelta({ job: id, text, n }) {
    const job = this.jobs.get(id);
    if (!job || n <= job.streamed.n) return;
    this.jobs.set(id, { ...job, streamed: withPiece(job.streamed, n, text) });
    this.#changed();
  }

  onLoading({ job: id, message }) {
    const job = this.jobs.get(id);
    if (!job || job.text) return;
    this.jobs.set(id, { ...job, text: message });
    this.#changed();
  }

  // --- typing ---

  onTyping({ handle }, now) {
    this.#typing.set(handle, now + TYPING_LASTS);
    this.#changed();
  }

  /** Returns whether anybody's typing may still run out. */
  forgetTyping(now) {
    const before = this.#typing.size;
    for (const [handle, until] of this.#typing) if (until <= now) this.#typing.delete(handle);
    if (this.#typing.size !== before) this.#changed();
    return this.#typing.size > 0;
  }

  get typing() {
    return [...this.#typing.keys()];
  }
}

function aboutOf({ kind, title, topic, archived = false, posting, slow_seconds, keep_days, keep_messages, hold_guests = false, may }) {
  return { kind, title, topic, archived, posting, slow_seconds, keep_days, keep_messages, hold_guests, may };
}

const firstOf = (messages, otherwise) => messages[0]?.seq ?? otherwise;

// An answer as it comes: the text up to piece `n`, and pieces that overtook others.
const streamFrom = (partial) => ({ text: '', n: 0, ...partial, ahead: new Map() });

function withPiece(streamed, n, piece) {
  const ahead = new Map(streamed.ahead).set(n, piece);
  let { text } = streamed;
  let next = streamed.n + 1;
  for (; ahead.has(next); next += 1) {
    text += ahead.get(next);
    ahead.delete(next);
  }
  return { text, n: next - 1, ahead };
}

/** The answer so far, from the pieces that have come. */
export function streamedText({ streamed: { text, ahead } }) {
  return text + [...ahead].sort(([a], [b]) => a - b).map(([, piece]) => piece).join('');
}
