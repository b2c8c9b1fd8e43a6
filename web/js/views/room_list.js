// The rooms at the left: those visited lately first, quiet until something is unread.

import { html, useState } from '../html.js';
import { BOT_ROOM } from '../chat.js';
import { t } from '../i18n.js';
import { dashboard, openDialog } from '../ui.js';
import { visited } from '../visits.js';
import { BotFace, Icon } from './icons.js';
import { insidePage } from './links.js';

export function RoomList({ app }) {
  const [filter, setFilter] = useState('');
  const wanted = filter.trim().toLowerCase();
  const mine = visited.value.toSorted((a, b) => a.localeCompare(b));
  const others = app.chat.listed.value.map(({ name }) => name).filter((name) => !mine.includes(name));
  const matching = (names) => names.filter((name) => name.includes(wanted));
  const nothing = wanted && matching(mine).length + matching(others).length === 0;
  return html`
    <nav class="rooms" aria-label=${t('rooms.label')}>
      <label class="filter">
        <${Icon} name="search" />
        <input type="search" value=${filter} placeholder=${t('rooms.filter')} aria-label=${t('rooms.filter')} id="room-filter"
          onInput=${(event) => setFilter(event.target.value)} />
      </label>
      <div class="rooms-scroll">
        <${RoomLink} app=${app} name=${BOT_ROOM} />
        <${DashboardLink} app=${app} />
        <h2>${t('rooms.title')}
          <button type="button" class="tool" data-testid="new-room" aria-label=${t('rooms.new')} title=${t('rooms.new')}
            onClick=${() => openDialog('new-room')}><${Icon} name="plus" /></button>
        </h2>
        ${matching(mine).map((name) => html`<${RoomLink} key=${name} app=${app} name=${name} />`)}
        ${matching(others).length > 0 && html`<h3>${t('rooms.others')}</h3>`}
        ${matching(others).map((name) => html`<${RoomLink} key=${name} app=${app} name=${name} />`)}
        ${nothing && html`<p class="nothing" role="status">${t('rooms.nothing')}</p>`}
      </div>
    </nav>
  `;
}

function RoomLink({ app, name }) {
  const { chat } = app;
  const here = app.isOpen(name);
  const unread = here ? 0 : chat.unread(name);
  return html`
    <a class="room-link ${unread ? 'unread' : ''}" href=${app.pathOf(name)} data-testid="room-link" data-room=${name}
      aria-current=${here ? 'page' : undefined} onClick=${insidePage(() => app.openRoom(name))}>
      ${name === BOT_ROOM ? html`<${BotFace} />` : html`<${Icon} name="room" />`}
      <span class="room-name">${name === BOT_ROOM ? t('rooms.bot') : name}</span>
      ${unread > 0 && html`<span class="badge" data-testid="unread" aria-label=${t('rooms.unread', { n: unread })}>${unread > 99 ? '99+' : unread}</span>`}
    </a>
  `;
}

const DashboardLink = ({ app }) => html`
  <a class="room-link" href="/jobs" data-testid="dashboard-link" aria-current=${dashboard.value ? 'page' : undefined}
    onClick=${insidePage(() => app.openDashboard())}>
    <${Icon} name="jobs" /><span class="room-name">${t('dashboard.title')}</span>
  </a>
`;
