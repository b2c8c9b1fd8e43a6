// The rooms at the left: those visited lately first, direct ones and what is archived apart, quiet until something is unread.

import { html } from '../html.js';
import { BOT_ROOM } from '../chat.js';
import { t } from '../i18n.js';
import { SEARCH_KEY } from '../keys.js';
import { isDirect } from '../router.js';
import { openDialog, openSearch, place } from '../ui.js';
import { visited } from '../visits.js';
import { adminPartsFor, openAdminPart } from './admin_parts.js';
import { Icon } from './icons.js';
import { insidePage } from './links.js';
import { RoomSign } from './room_sign.js';

export function RoomList({ app }) {
  const { mine, others, direct, archived } = sorted(app);
  return html`
    <nav class="rooms" aria-label=${t('rooms.label')}>
      <button type="button" class="search-open" data-testid="search-open" onClick=${() => openSearch()}>
        <${Icon} name="search" /><span>${t('search.open')}</span><kbd>${SEARCH_KEY}</kbd>
      </button>
      <div class="rooms-scroll">
        <${RoomLink} app=${app} name=${BOT_ROOM} />
        <${PlaceLink} name="documents" icon="document" words="documents.title" testid="documents-link" path="/documents" open=${() => app.openDocuments()} />
        <${PlaceLink} name="jobs" icon="jobs" words="dashboard.title" testid="dashboard-link" path="/jobs" open=${() => app.openDashboard()} />
        <${AdminLink} app=${app} />
        <h2>${t('rooms.title')}
          <button type="button" class="tool" data-testid="new-room" aria-label=${t('rooms.new')} title=${t('rooms.new')}
            onClick=${() => openDialog('new-room')}><${Icon} name="plus" /></button>
        </h2>
        <${RoomLinks} app=${app} names=${mine} />
        ${direct.length > 0 && html`<h2 data-testid="direct-rooms">${t('rooms.direct')}</h2>`}
        <${RoomLinks} app=${app} names=${direct} />
        ${others.length > 0 && html`<h3>${t('rooms.others')}</h3>`}
        <${RoomLinks} app=${app} names=${others} />
        ${archived.length > 0 && html`
          <details class="archived" data-testid="archived-rooms"><summary>${t('rooms.archived')}</summary>
            <${RoomLinks} app=${app} names=${archived} /></details>`}
      </div>
    </nav>
  `;
}

// Closed rooms are one's own, whether one has been there yet or not.
function sorted(app) {
  const { chat } = app;
  const kindOf = (name) => {
    if (isDirect(name)) return 'direct';
    const { archived, kind } = chat.about(name);
    if (archived) return 'archived';
    return kind === 'closed' || visited.value.includes(name) ? 'mine' : 'others';
  };
  const names = [...new Set([...visited.value, ...chat.listed.value.map(({ name }) => name)])];
  const parts = { mine: [], others: [], direct: [], archived: [] };
  for (const name of names) parts[kindOf(name)].push(name);
  const byTitle = (a, b) => app.titleOf(a).localeCompare(app.titleOf(b));
  return { mine: parts.mine.sort(byTitle), others: parts.others, direct: parts.direct.sort(byTitle), archived: parts.archived.sort(byTitle) };
}

const RoomLinks = ({ app, names }) => names.map((name) => html`<${RoomLink} key=${name} app=${app} name=${name} />`);

function RoomLink({ app, name }) {
  const { chat } = app;
  const here = app.isOpen(name);
  const unread = here ? 0 : chat.unread(name);
  const closed = chat.about(name).kind === 'closed';
  return html`
    <a class="room-link ${unread ? 'unread' : ''}" href=${app.pathOf(name)} data-testid="room-link" data-room=${name}
      aria-current=${here ? 'page' : undefined} onClick=${insidePage(() => app.openRoom(name))}>
      <${RoomSign} app=${app} name=${name} />
      <span class="room-name">${app.titleOf(name)}</span>
      ${closed && html`<span class="unseen">${t('room.kind-closed')}</span>`}
      ${unread > 0 && html`<span class="badge" data-testid="unread" aria-label=${t('rooms.unread', { n: unread })}>${unread > 99 ? '99+' : unread}</span>`}
    </a>
  `;
}

const PlaceLink = ({ name, icon, words, testid, path, open, children }) => html`
  <a class="room-link" href=${path} data-testid=${testid} aria-current=${place.value?.name === name ? 'page' : undefined} onClick=${insidePage(open)}>
    <${Icon} name=${icon} /><span class="room-name">${t(words)}</span>${children}
  </a>
`;

function AdminLink({ app }) {
  const [first] = adminPartsFor(app);
  if (!first) return null;
  const waiting = (app.reports.value?.length ?? 0) + (app.held.value?.length ?? 0);
  const here = ['admin', 'people'].find((name) => place.value?.name === name) ?? 'admin';
  return html`
    <${PlaceLink} name=${here} icon="shield" words="admin.title" testid="admin-link" path=${first.path} open=${() => openAdminPart(app, first)}>
      ${waiting > 0 && html`<span class="badge" data-testid="reports-waiting" aria-label=${t('reports.waiting', { n: waiting })}>${waiting}</span>`}<//>
  `;
}
