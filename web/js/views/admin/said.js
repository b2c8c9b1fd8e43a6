// Rooms in which something was said: those that the person may read, as the message search has it.

import { html, useEffect, useSignal } from '../../html.js';
import { day, fullTime, t } from '../../i18n.js';
import { shownName } from '../../names.js';
import { insidePage } from '../links.js';
import { RoomSign } from '../room_sign.js';

const REST_OF_KEYS = 250;
// The server's largest page.
const MOST = 100;

export function Said({ app, words }) {
  const rooms = useSignal([]);
  useEffect(() => {
    if (!words) return void (rooms.value = []);
    const asking = new AbortController();
    const ask = () => app.search({ q: words, kind: 'messages', limit: MOST }, asking.signal).then(({ messages }) => { rooms.value = byRoom(messages); }, () => {});
    const timer = setTimeout(ask, REST_OF_KEYS);
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [words]);
  if (!words || rooms.value.length === 0) return null;
  return html`
    <section class="admin-part" aria-labelledby="said-title" data-testid="admin-said">
      <h3 id="said-title">${t('admin-rooms.said')}</h3>
      <p class="soft">${t('admin-rooms.said-help')}</p>
      <ul class="admin-list">
        ${rooms.value.map(({ room, newest, count }) => html`
          <li key=${room} data-testid="admin-said-room" data-room=${room}>
            <div class="admin-what">
              <span class="person"><${RoomSign} app=${app} name=${room} />
                <a href=${app.pathOf(room)} onClick=${insidePage(() => app.openRoom(room, { seq: newest.seq }))}>${app.titleOf(room)}</a>
                <small>${t('admin-rooms.said-messages', { n: count })}</small></span>
              <span class="soft said-text">${shownName(newest.handle)}, <time datetime=${newest.timestamp} title=${fullTime(new Date(newest.timestamp))}>${day(new Date(newest.timestamp))}</time>: ${newest.message}</span>
            </div>
          </li>`)}
      </ul>
    </section>
  `;
}

/** `[{room, newest, count}]` of messages, which come with the newest first. */
function byRoom(messages) {
  const rooms = new Map();
  for (const message of messages) {
    const found = rooms.get(message.room);
    if (found) found.count += 1;
    else rooms.set(message.room, { room: message.room, newest: message, count: 1 });
  }
  return [...rooms.values()];
}
