// The client's side of the conversation: which rooms there are, who we are, and
// which frame concerns whom. It mirrors docs/protocol.md.
//
// Knows no elements; it is given something to send frames with, and views read
// its signals.

import { mayRun } from './commands.js';
import { batch, signal } from './html.js';
import { wordsFor } from './i18n.js';
import { newId } from './ids.js';
import { Room } from './room.js';
import { isDirect } from './router.js';
import { forget, recall, remember } from './storage.js';
import { forgetRead, markRead, readUpTo, unreadOf, unvisit, visit, visited } from './visits.js';

export const BOT_ROOM = '@bot';
const TYPING_EVERY = 3_000;
const SENT_AT_ONCE = 3;
// So many messages of each room.
const LATELY = 200;

const FORBIDDEN = 'forbidden';

const NOT_ALLOWED = 1008;
const TOO_BIG = 1009;
const SESSION_ENDED = 4001;

export class Chat {
  status = signal('connecting');
  // Set when the server said that it does not want us, so that we can say so.
  refused = signal(false);
  user = signal(null);
  limits = signal({ message_chars: 4000, messages_per_second: 5, rooms: 20 });
  commands = signal([]);
  server = signal(null);
  current = signal(null);
  listed = signal([]);
  // Any change in any room; views read rooms through `room()`.
  revision = signal(0);

  #rooms = new Map();
  #watchers = new Set();
  #send;
  #identity;
  #hears;
  #typingSentAt = 0;
  #typingTimer = null;
  #beforePaint;
  #changeNoted = false;

  /** `identity()` gives what `hello` says of us; `hears` has `failed(frame)`, `welcomed(frame)`, `jobChanged()`,
      `sessionEnded()` and `becameAnother()`, which must open a new socket; `beforePaint(act)` calls once before
      the page is next painted. */
  constructor({ send, identity, hears, beforePaint }) {
    this.#send = send;
    this.#identity = identity;
    this.#hears = hears;
    this.#beforePaint = beforePaint;
  }

  // --- rooms ---

  /** The room's state, for views: reading it makes the view follow its changes. */
  room(name) {
    void this.revision.value;
    return this.#rooms.get(name);
  }

  joinedRooms() {
    void this.revision.value;
    return [...this.#rooms.values()];
  }

  open(name) {
    batch(() => {
      this.current.value = name;
      remember('last', name);
      const fallen = name === BOT_ROOM ? [] : visit(name, this.limits.value.rooms - 1);
      for (const old of fallen) this.#leave(old);
      const room = this.#keep(name);
      if (room.problem) this.#sendAll([room.joinFrame()]);
    });
  }

  /** What is said in the rooms visited lately is worth hearing of. */
  keepVisited() {
    for (const name of visited.value) this.#keep(name);
    if (BOT_ROOM in readUpTo.value) this.#keep(BOT_ROOM);
  }

  unread(name) {
    const room = this.room(name);
    const last = room?.joined ? room.last : (this.#listing(name)?.last ?? 0);
    return unreadOf(name, last, { waits: isDirect(name) });
  }

  /** What a room is, whether one is in it or it is only listed: `{kind, title, topic, archived, …}`. */
  about(name) {
    return this.room(name)?.about ?? this.#listing(name) ?? {};
  }

  /** Title of a room, if it has one; that of a direct room is the names of the others. */
  titleOf(name) {
    return this.about(name).title ?? this.#listing(name)?.title ?? null;
  }

  /** Names of accounts of people who are here, or spoke here lately. */
  knownPeople() {
    const rooms = this.joinedRooms();
    const seen = rooms.flatMap((room) => [...room.members.values(), ...room.messages.slice(-LATELY)]);
    return new Set(seen.filter(({ author_role: role }) => role).map(({ handle }) => handle));
  }

  #listing(name) {
    return this.listed.value.find((listed) => listed.name === name);
  }

  isOwn(name, seq) {
    const room = this.#rooms.get(name);
    return name === BOT_ROOM || (room !== undefined && room.ownIds.has(room.at(seq)?.id));
  }

  totalUnread() {
    const direct = this.listed.value.map(({ name }) => name).filter(isDirect);
    return [...new Set([BOT_ROOM, ...visited.value, ...direct])].reduce((sum, name) => sum + this.unread(name), 0);
  }

  markRead(name) {
    const room = this.#rooms.get(name);
    if (room?.joined) markRead(name, room.last);
  }

  /** Lets the list on the page decide again whether its newest row is being read. */
  markReadIfSeen() {
    this.#changed();
  }

  #keep(name) {
    let room = this.#rooms.get(name);
    if (room) return room;
    room = new Room(name, () => this.#changed());
    room.restorePending(recall(`waiting.${name}`, []));
    this.#rooms.set(name, room);
    this.#sendAll([room.joinFrame()]);
    this.#changed();
    return room;
  }

  /** Out of a room, as if it had never been visited. */
  leave(name) {
    unvisit(name);
    this.#leave(name);
  }

  #leave(name) {
    if (this.#rooms.delete(name)) this.#sendAll([{ type: 'leave', room: name }]);
  }

  // Hundreds of frames may come between two paintings; they are drawn once.
  #changed() {
    if (this.#changeNoted) return;
    this.#changeNoted = true;
    this.#beforePaint(() => {
      this.#changeNoted = false;
      this.revision.value += 1;
    });
  }

  // --- the socket ---

  opened() {
    this.hello();
    // The room that is looked at comes first.
    const names = [this.current.value, ...this.#rooms.keys()];
    for (const name of new Set(names)) this.#sendAll([this.#rooms.get(name).joinFrame()]);
    if (this.#watchers.size > 0) this.#send({ type: 'watch' });
  }

  hello() {
    this.#send({ type: 'hello', ...this.#identity() });
  }

  /** Rooms greet in the language of the last `hello`. */
  greetAgain() {
    for (const room of this.#rooms.values()) {
      if (room.joined && room.greeting) this.#sendAll([room.joinFrame()]);
    }
  }

  changed(state, closeCode) {
    batch(() => {
      this.status.value = state;
      this.refused.value = closeCode === NOT_ALLOWED;
      if (state === 'open') return;
      if (closeCode === SESSION_ENDED) this.#hears.sessionEnded();
      for (const room of this.#rooms.values()) {
        if (room.loadingOlder) room.stopLoading({ refused: false });
        // Sent again, what was too big would break the connection again.
        if (closeCode === TOO_BIG) room.failWaiting();
      }
    });
  }

  received(frame) {
    if (frame.type === 'welcome') return this.#welcome(frame);
    if (frame.type === 'commands') return this.#onCommands(frame);
    if (frame.type === 'error') return this.#refuse(frame);
    if (frame.type === 'watching') return this.#tellWatchers((watcher) => watcher.began());
    if (frame.watched) return this.#tellWatchers((watcher) => watcher.changed(frame.job));
    const room = this.#rooms.get(frame.room);
    if (room) this.#tell(room, frame);
  }

  #tell(room, frame) {
    batch(() => {
      switch (frame.type) {
        case 'joined': return this.#sendPaced(room.onJoined(frame));
        case 'message': return this.#onMessage(room, frame);
        case 'history': return this.#sendAll(room.onHistory(frame));
        case 'ack': return this.#onAck(room, frame);
        case 'held': return this.#onHeld(room, frame);
        case 'rejected': return room.onRejected(frame);
        case 'job': return this.#onJob(room, frame.job);
        case 'loading': return room.onLoading(frame);
        case 'delta': return room.onDelta(frame);
        case 'presence': return room.onPresence(frame);
        case 'typing': return this.#onTyping(room, frame);
        case 'deleted': return room.onDeleted(frame);
        case 'changed': return room.onChanged(frame);
        case 'room': return this.#sendAll(room.onSettings(frame, wordsFor(this.#identity().locale, frame.greetings)));
        default: return undefined; // Newer servers may say more.
      }
    });
  }

  #welcome(frame) {
    const isAnother = this.user.value !== null && accountOf(this.user.value) !== accountOf(frame.user);
    batch(() => {
      this.user.value = frame.user;
      this.limits.value = frame.limits;
      this.#onCommands(frame);
      this.server.value = frame.server;
    });
    this.#hears.welcomed(frame);
    if (isAnother) this.#becomeAnother();
  }

  // The room with the bot is now that of another person, and what it is asked for from where the old one ended is on
  // its way already: it begins anew on a new socket. So do rooms that not everybody may enter.
  #becomeAnother() {
    forgetRead(BOT_ROOM);
    for (const [name, { about }] of this.#rooms) if (isPrivate(name, about)) this.#rooms.delete(name);
    this.listed.value = this.listed.value.filter((listed) => !isPrivate(listed.name, listed));
    this.#keep(this.current.value);
    this.keepVisited();
    this.#changed();
    this.#hears.becameAnother();
  }

  #onCommands({ commands }) {
    this.commands.value = commands.filter((command) => mayRun(this.user.value?.role, command));
  }

  #refuse(frame) {
    const room = this.#rooms.get(frame.room ?? this.#roomOfPending(frame.id));
    if (frame.code === 'not_joined' && room) return this.#sendAll([room.joinFrame()]);
    if (room && frame.id) {
      room.onSendFailed(frame.id, frame.message);
      return this.#keepWaiting(room);
    }
    if (room && answersJoin(room, frame)) return this.#onRoomRefused(room, frame);
    if (room) room.stopLoading({ refused: true });
    return this.#hears.failed(frame);
  }

  #onRoomRefused(room, { code, message }) {
    room.onRefused(message);
    // Strangers, and whoever is banned, are refused every room, and may be let in again.
    if (code === FORBIDDEN || this.user.value?.role === 'stranger') return;
    unvisit(room.name);
    if (recall('last') === room.name) forget('last');
  }

  #roomOfPending(id) {
    if (!id) return undefined;
    return [...this.#rooms.values()].find((room) => room.pending.some((waiting) => waiting.id === id))?.name;
  }

  #onMessage(room, message) {
    this.#sendAll(room.onMessage(message));
    if (room.ownIds.has(message.id)) this.#keepWaiting(room);
  }

  #onAck(room, frame) {
    room.onAck(frame);
    this.#keepWaiting(room);
  }

  #onHeld(room, frame) {
    room.onHeld(frame);
    this.#keepWaiting(room);
  }

  #onJob(room, job) {
    room.onJob(job);
    this.#hears.jobChanged(job);
  }

  #tellWatchers(tell) {
    for (const watcher of this.#watchers) tell(watcher);
  }

  #onTyping(room, frame) {
    if (frame.handle === this.user.value?.handle) return;
    room.onTyping(frame, Date.now());
    this.#typingTimer ??= setInterval(() => this.#forgetTyping(), 1_000);
  }

  #forgetTyping() {
    const now = Date.now();
    const left = [...this.#rooms.values()].filter((room) => room.forgetTyping(now));
    if (left.length > 0) return;
    clearInterval(this.#typingTimer);
    this.#typingTimer = null;
  }

  #sendAll(frames) {
    for (const frame of frames) this.#send(frame);
  }

  // Many messages may have waited for the connection, more than may be sent at
  // once. One that is overtaken by the next break is sent again when that is over.
  #sendPaced(frames) {
    const pause = 1_200 / this.limits.value.messages_per_second;
    frames.forEach((frame, index) => {
      if (index < SENT_AT_ONCE) this.#send(frame);
      else setTimeout(() => this.#send(frame), (index - SENT_AT_ONCE + 1) * pause);
    });
  }

  // --- what the person does ---

  post(name, text) {
    const room = this.#rooms.get(name);
    if (room.past) room.leavePast();
    this.#sendAll(room.post(newId(), text, Date.now()));
    this.#keepWaiting(room);
    this.#typingSentAt = 0;
  }

  tryAgain(name, id) {
    this.#sendAll(this.#rooms.get(name).tryAgain(id));
  }

  discard(name, id) {
    const room = this.#rooms.get(name);
    room.discard(id);
    this.#keepWaiting(room);
  }

  typing(name) {
    const now = Date.now();
    if (now - this.#typingSentAt < TYPING_EVERY) return;
    if (this.#send({ type: 'typing', room: name })) this.#typingSentAt = now;
  }

  /** `again`: the person asks for it, although the server may have refused before. */
  loadOlder(name, { again = false } = {}) {
    const room = this.#rooms.get(name);
    if (this.status.value !== 'open' || (room.olderRefused && !again)) return;
    this.#sendAll(room.askOlder());
  }

  /** Fetches what stands around a message that is further up than what is known. */
  loadAround(name, seq, before) {
    this.#sendAll(this.#rooms.get(name).askAround(seq, before));
  }

  loadNewer(name) {
    if (this.status.value === 'open') this.#sendAll(this.#rooms.get(name).askNewer());
  }

  leavePast(name) {
    this.#rooms.get(name)?.leavePast();
  }

  cancelJob(id) {
    return this.#send({ type: 'cancel', job: id });
  }

  /** Tells of every job that this person may list, whatever its room: `changed(job)`, and
      `began()` when what happened before that must be asked for. Returns how to stop it. */
  watchJobs(watcher) {
    if (this.#watchers.size === 0) this.#send({ type: 'watch' });
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.#send({ type: 'unwatch' });
    };
  }

  /** Shows a message as deleted before the server knows; `restore` puts it back. */
  markDeleted(name, seq) {
    const room = this.#rooms.get(name);
    const before = room.at(seq);
    room.onDeleted({ seq });
    return { restore: () => room.onRestored(before) };
  }

  // A page that is closed while a message waits must not lose it.
  #keepWaiting(room) {
    // What waits for approval is told by the server when one comes back.
    const waiting = room.pending.filter(({ state }) => !['stored', 'held', 'rejected'].includes(state));
    remember(`waiting.${room.name}`, waiting);
  }
}

/** Being in a room ends only when entering it again is refused: it is gone, or not for this person any more. */
const answersJoin = (room, { code }) => !room.joined || (room.isJoining && ['not_found', FORBIDDEN].includes(code));

const isPrivate = (name, about) => name === BOT_ROOM || isDirect(name) || about?.kind === 'closed';

/** Guests are the same person as long as their cookie is. */
const accountOf = ({ account, handle }) => (account ? handle : null);
