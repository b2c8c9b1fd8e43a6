// The messages of one room. Draws only the rows that are in sight or near it.

import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../html.js';
import { dayName, t } from '../i18n.js';
import { copyMessages } from '../copy.js';
import { ListScroll } from '../list_scroll.js';
import { rowsOf } from '../rows.js';
import { FIRST_ROOM } from '../router.js';
import { readUpTo } from '../visits.js';
import { EmptyRoom, Greeting } from './greeting.js';
import { Icon } from './icons.js';
import { JobCard } from './job_card.js';
import { Kept } from './kept.js';
import { Message } from './message.js';

// How many messages before one that is gone to are fetched; fewer at the second attempt.
const AROUND = [30, 2];

export function MessageList({ app, name }) {
  const room = app.chat.room(name);
  const element = useRef(null);
  const list = useRef(null);
  const [, redraw] = useState(0);
  const [leftAt, setLeftAt] = useState(null);
  const [found, setFound] = useState(null);
  const [touched, setTouched] = useState(null);
  const newFrom = useNewFrom(room);

  list.current ??= new ListScroll(guessHeight, {
    redraw: () => redraw((count) => count + 1),
    nearTop: () => app.chat.loadOlder(name),
    nearBottom: () => app.chat.loadNewer(name),
    moved: (stuck) => setLeftAt(stuck ? null : app.chat.room(name).last),
  });
  const scroll = list.current;

  useLayoutEffect(() => {
    scroll.attach(element.current);
    app.showMessage = (seq) => {
      const there = scroll.toRow(rowKey(app.chat.room(name), seq));
      setFound(there ? seq : null);
      return there;
    };
    app.holdList = () => scroll.hold();
    app.redrawList = () => redraw((count) => count + 1);
    return () => {
      scroll.detach();
      app.chat.leavePast(name);
    };
  }, []);

  const me = app.chat.user.value;
  // Scrolling draws again and again without any row being other than before.
  const rows = useMemo(() => rowsOf(room, { newFrom, me }), [app.chat.revision.value, newFrom, me]);
  const { start, end, before, after } = scroll.slice(rows, { goesOn: room.past !== null });
  const drawn = rows.slice(start, end);
  // One of hundreds is enough for Tab; arrow keys go on from there.
  const reached = drawn.findLast(({ kind, message }) => kind === 'message' && message.seq && !message.deleted)?.key;
  useLayoutEffect(() => scroll.settle());
  useFollowOwn(room, scroll);
  useMarkRead(app, room, scroll, newFrom);
  useShowWanted(app, room);

  const onKeyDown = (event) => {
    if (event.altKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest('.tools')) moveBetweenTools(event);
    if (!['Home', 'End'].includes(event.key)) return;
    event.preventDefault();
    if (event.key === 'Home') scroll.toTop();
    else toNewest(app, name, scroll);
  };

  // Where nothing hovers, a message that is tapped shows what can be done about it.
  const touch = ({ target }) => target.closest('a, button') || setTouched(target.closest('[data-testid="message"]')?.dataset.key ?? null);

  // Rows that scrolling brings back are no news to be read out.
  return html`
    <div class="list-frame">
      <div class="list" ref=${element} role="log" tabindex="0"
        aria-live=${leftAt === null ? 'polite' : 'off'} aria-relevant="additions" aria-label=${t('list.label')} onCopy=${copyMessages} onKeyDown=${onKeyDown} onClick=${touch}>
        <div style=${{ height: `${before}px` }}></div>
        ${drawn.map((row) => html`<${Row} key=${row.key} app=${app} room=${room} row=${row} found=${found} touched=${touched} reached=${reached} />`)}
        <div style=${{ height: `${after}px` }}></div>
      </div>
      <${NewMessages} count=${leftAt === null ? null : room.last - leftAt} go=${() => toNewest(app, name, scroll)} />
    </div>
  `;
}

/** From what can be done about a message to the same of the one above or below. */
function moveBetweenTools(event) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const { testid } = event.target.dataset;
  const buttons = [...event.currentTarget.querySelectorAll(`.tools [data-testid="${testid}"]`)];
  buttons[buttons.indexOf(event.target) + step]?.focus();
}

function toNewest(app, name, scroll) {
  app.chat.leavePast(name);
  scroll.toBottom();
}

const rowKey = (room, seq) => {
  const message = room.at(seq);
  return message && room.ownIds.has(message.id) ? message.id : `#${seq}`;
};

function Row({ app, room, row, found, touched, reached }) {
  switch (row.kind) {
    case 'top': return html`<div class="top" data-key=${row.key}><${Top} app=${app} name=${room.name} /></div>`;
    case 'day': return html`<div class="day" data-key=${row.key} role="separator"><span>${dayName(row.at)}</span></div>`;
    case 'new': return html`<div class="day new" data-key=${row.key} role="separator"><span>${t('list.new')}</span></div>`;
    case 'job': return html`<${JobCard} app=${app} job=${row.job} />`;
    default: return html`<${Message} app=${app} room=${room} row=${{ ...row, found: row.message.seq === found, touched: row.key === touched, reached: row.key === reached }} />`;
  }
}

// A view whose values are the same objects as before is not drawn again, and a room
// is always the same object: what shows more than a row asks for the room itself.
function Top({ app, name }) {
  const room = app.chat.room(name);
  if (room.problem) return html`<${Refused} app=${app} problem=${room.problem} />`;
  if (!room.joined) return html`<${Loading} />`;
  if (room.hasOlder) {
    return html`
      <button type="button" class="quiet-button" data-testid="load-older" disabled=${room.loadingOlder}
        onClick=${() => app.chat.loadOlder(room.name, { again: true })}>
        ${room.loadingOlder ? t('list.loading') : t('list.older')}
      </button>
    `;
  }
  const kept = html`<${Kept} app=${app} room=${room} />`;
  if (room.greeting) return html`<${Greeting} app=${app} room=${room.name} text=${room.greeting} />${kept}`;
  if (room.last === 0 && room.pending.length === 0) return html`<${EmptyRoom} app=${app} room=${room} />${kept}`;
  return room.oldest > 1 ? kept : html`<p class="beginning">${t('list.beginning')}</p>${kept}`;
}

const Refused = ({ app, problem }) => html`
  <div class="empty-room" role="alert">
    <p class="empty-title">${problem}</p>
    <div class="try"><button type="button" class="secondary" onClick=${() => app.openRoom(FIRST_ROOM)}>${t('room.to-lobby')}</button></div>
  </div>
`;

const Loading = () => html`
  <div class="skeleton" role="status"><span class="unseen">${t('list.loading')}</span>
    ${[70, 45, 85, 60].map((width) => html`<span class="bone" style=${{ width: `${width}%` }}></span>`)}
  </div>
`;

function NewMessages({ count, go }) {
  if (count === null) return null;
  return html`
    <button type="button" class="new-messages" data-testid="new-messages" data-count=${count} onClick=${go}>
      <${Icon} name="down" />${count > 0 ? t('list.new-messages', { n: count }) : t('list.to-newest')}
    </button>
  `;
}

// Where the reader stopped last time; fixed while the room is open, so that the
// line does not run away from what is being read.
function useNewFrom(room) {
  const from = useRef(undefined);
  if (from.current === undefined && room.joined) {
    const read = readUpTo.value[room.name];
    from.current = read !== undefined && read < room.last ? read + 1 : null;
  }
  return from.current;
}

// Whoever says something wants to see it, wherever the list was.
function useFollowOwn(room, scroll) {
  const newest = room.pending.at(-1)?.id;
  useLayoutEffect(() => {
    if (newest) scroll.toBottom();
  }, [newest]);
}

// Not before it is known where the new ones begin: marking them read hides that.
function useMarkRead(app, room, scroll, newFrom) {
  useEffect(() => {
    if (newFrom !== undefined && scroll.stuck && document.visibilityState === 'visible') app.chat.markRead(room.name);
  });
}

// Whoever comes for a message further up has what stands around it fetched; again, if
// the messages before it were too long to come all at once.
function useShowWanted(app, room) {
  const seq = app.wantedMessage.value;
  const asked = useRef({ seq: null, times: 0 });
  useEffect(() => {
    if (seq === null || !room.joined || room.isAskingPast || app.chat.status.value !== 'open') return;
    if (asked.current.seq !== seq) asked.current = { seq, times: 0 };
    if (room.past && seq >= room.first) {
      app.chat.leavePast(room.name);
    } else if (app.showMessage(seq) || seq > room.last || asked.current.times === AROUND.length) {
      app.wantedMessage.value = null;
    } else if (!room.at(seq)) {
      app.chat.loadAround(room.name, seq, AROUND[asked.current.times]);
      asked.current.times += 1;
    }
  });
}

// Good enough that the scroll bar hardly moves when the truth is known.
function guessHeight(row) {
  if (row.kind !== 'message') return { top: 60, day: 44, new: 44, job: 84 }[row.kind];
  const { message: text, results = [] } = row.message;
  if (results.length > 0) return 80 + results.length * 112;
  const lines = text.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 90)), 0);
  return (row.head ? 36 : 4) + lines * 22;
}
