// A socket that comes back: opens, listens, notices silence, waits, opens again.
//
// Knows no page and no room. Whoever owns it hears of frames and of changes of
// state, and says what to send once it is open; nothing is queued in here,
// because only the rooms know what is still worth sending after a break.

const SHORTEST_WAIT = 500;
const LONGEST_WAIT = 20_000;
// A server that restarts calls everybody back at once; a little spread spares it.
const RESTART_JITTER = 800;
const TOO_MANY_WAIT = 20_000;
// Proxies drop idle sockets without a word after 30 to 60 s.
const SILENCE = 25_000;
const ANSWER_TIME = 10_000;

const GOING_AWAY = 1001;
const NOT_ALLOWED = 1008;
const SESSION_ENDED = 4001;
const TOO_MANY = 4029;

export class Connection {
  #url;
  #hears;
  #random;
  #socket = null;
  #attempts = 0;
  #retryTimer = null;
  #silenceTimer = null;
  #retryAllowedAt = 0;
  #openedBefore = false;

  /** `hears` has `opened()`, `received(frame)` and `changed(state, closeCode)`. */
  constructor(url, hears, { random = Math.random } = {}) {
    this.#url = url;
    this.#hears = hears;
    this.#random = random;
  }

  start() {
    this.#open();
  }

  /** Says whether the frame went out; a frame that did not is the caller's to keep. */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** A new socket now, because who one is is read when a socket opens. */
  reopen() {
    this.#abandon();
    this.#open();
  }

  /** No socket until `reopen`: what the server says of its end is known already. */
  pause() {
    this.#abandon();
    this.#hears.changed('reconnecting');
  }

  /** The network or the person came back: no reason to wait any longer. */
  wake() {
    if (this.#socket) return this.#probe();
    if (Date.now() < this.#retryAllowedAt) return;
    this.#attempts = 0;
    this.#open();
  }

  /** The machine says that it has no network. */
  networkLost() {
    this.#abandon();
    this.#hears.changed('offline');
    this.#retryIn(LONGEST_WAIT);
  }

  #open() {
    clearTimeout(this.#retryTimer);
    this.#hears.changed(this.#openedBefore ? 'reconnecting' : 'connecting');
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#expectWithin(ANSWER_TIME);
    socket.onopen = () => {
      this.#openedBefore = true;
      this.#listen();
      this.#hears.changed('open');
      this.#hears.opened();
    };
    socket.onmessage = (event) => {
      this.#attempts = 0;
      this.#listen();
      this.#hears.received(JSON.parse(event.data));
    };
    socket.onclose = (event) => this.#closed(event.code);
  }

  #closed(code) {
    this.#socket = null;
    clearTimeout(this.#silenceTimer);
    if (code === NOT_ALLOWED) {
      this.#retryAllowedAt = Infinity;
      this.#hears.changed('offline', code);
      return;
    }
    this.#hears.changed(navigator.onLine === false ? 'offline' : 'reconnecting', code);
    this.#retryIn(this.#waitAfter(code));
  }

  #waitAfter(code) {
    if (code === GOING_AWAY && this.#attempts === 0) {
      this.#attempts += 1;
      return this.#random() * RESTART_JITTER;
    }
    // Nothing is wrong; one is somebody else now.
    if (code === SESSION_ENDED && this.#attempts === 0) {
      this.#attempts += 1;
      return 0;
    }
    if (code === TOO_MANY) {
      const wait = TOO_MANY_WAIT * (1 + this.#random());
      this.#retryAllowedAt = Date.now() + wait;
      return wait;
    }
    const most = Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** this.#attempts);
    this.#attempts += 1;
    return this.#random() * most;
  }

  #retryIn(wait) {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#open(), wait);
  }

  #listen() {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#probe(), SILENCE);
  }

  // A machine that slept holds a socket that looks open and is not.
  #probe() {
    if (this.send({ type: 'ping' })) this.#expectWithin(ANSWER_TIME);
  }

  #expectWithin(time) {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => {
      this.#abandon();
      this.#closed(null);
    }, time);
  }

  // A dead socket may take minutes to close; we stop listening to it instead.
  #abandon() {
    clearTimeout(this.#silenceTimer);
    clearTimeout(this.#retryTimer);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
