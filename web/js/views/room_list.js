// The rooms at the left: those visited lately first, quiet until something is unread.

import { html } from '../html.js';
import { BOT_ROOM } from '../chat.js';
import { t } from '../i18n.js';
import { SEARCH_KEY } from '../keys.js';
import { openDialog, openSearch, place } from '../ui.js';
import { visited } from '../visits.js';
import { BotFace, Icon } from './icons.js';
import { insidePage } from './links.js';

export function RoomList({ app }) {
  const mine = visited.value.toSorted((a, b) => a.localeCompare(b));
  const others = app.chat.listed.value.map(({ name }) => name).filter((name) => !mine.includes(name));
  return html`
    <nav class="rooms" aria-label=${t('rooms.label')}>
      <button type="button" class="search-open" data-testid="search-open" onClick=${() => openSearch()}>
        <${Icon} name="search" /><span>${t('search.open')}</span><kbd>${SEARCH_KEY}</kbd>
      </button>
      <div class="rooms-scroll">
        <${RoomLink} app=${app} name=${BOT_ROOM} />
        <${PlaceLink} name="documents" icon="document" words="documents.title" testid="documents-link" path="/documents" open=${() => app.openDocuments()} />
        <${PlaceLink} name="jobs" icon="jobs" words="dashboard.title" testid="dashboard-link" path="/jobs" open=${() => app.openDashboard()} />
        ${app.may('manage_people') && html`
          <${PlaceLink} name="people" icon="people" words="accounts.title" testid="people-link" path="/people" open=${() => app.openPeople()} />`}
        <h2>${t('rooms.title')}
          <button type="button" class="tool" data-testid="new-room" aria-label=${t('rooms.new')} title=${t('rooms.new')}
            onClick=${() => openDialog('new-room')}><${Icon} name="plus" /></button>
        </h2>
        ${mine.map((name) => html`<${RoomLink} key=${name} app=${app} name=${name} />`)}
        ${others.length > 0 && html`<h3>${t('rooms.others')}</h3>`}
        ${others.map((name) => html`<${RoomLink} key=${name} app=${app} name=${name} />`)}
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

const PlaceLink = ({ name, icon, words, testid, path, open }) => html`
  <a class="room-link" href=${path} data-testid=${testid} aria-current=${place.value?.name === name ? 'page' : undefined} onClick=${insidePage(open)}>
    <${Icon} name=${icon} /><span class="room-name">${t(words)}</span>
  </a>
`;
