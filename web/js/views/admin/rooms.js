// All rooms: whose they are, how much was said in them, and their end.

import { html } from '../../html.js';
import { dateOf, fullTime, number, t } from '../../i18n.js';
import { bytes } from '../../sizes.js';
import { insidePage } from '../links.js';
import { Listed, ListSearch, usePagedList } from '../paged_list.js';
import { RoomSign } from '../room_sign.js';
import { askToArchive, askToDelete } from '../rooms/ends.js';
import { Said } from './said.js';

const COLUMNS = ['title', 'kind', 'owner', 'created', 'messages', 'size'];

export function Rooms({ app }) {
  const list = usePagedList(({ q }) => app.fetchRooms({ q, all: true }).then((rooms) => ({ items: rooms.map((room) => ({ ...room, id: room.name })), more: false })));
  return html`
    <div class="page-body">
      <div class="filters" role="search"><${ListSearch} list=${list} id="admin-search" words=${t('admin-rooms.search')} /></div>
      <${Listed} list=${list}><${Table} app=${app} list=${list} /><//>
      <${Said} app=${app} words=${list.text.value.trim()} />
    </div>
  `;
}

function Table({ app, list }) {
  const rooms = list.items.value;
  if (rooms.length === 0) return html`<p class="nothing" role="status" data-testid="admin-rooms-nothing">${t('admin-rooms.none-fits')}</p>`;
  return html`
    <table class="table acted-on admin-rooms" data-testid="admin-rooms" aria-label=${t('admin.rooms')}>
      <thead><tr>${COLUMNS.map((name) => html`<th scope="col" class=${name}>${t(`admin-rooms.column-${name}`)}</th>`)}
        <th class="act"><span class="unseen">${t('column.act')}</span></th></tr></thead>
      <tbody>${rooms.map((room) => html`<${Row} key=${room.name} app=${app} room=${room} refresh=${() => list.refresh()} />`)}</tbody>
    </table>
  `;
}

/** What a room takes, of what it may. */
export function sizeOf({ bytes: size, quota_bytes: quota }) {
  if (size === undefined) return '–';
  if (!quota) return bytes(size);
  const words = t('admin-rooms.size-of', { size: bytes(size), quota: bytes(quota) });
  return size < quota * FULL ? words : html`<span class="bad">${words}</span>`;
}

// From this part of what it may take on, a room is about to be full.
const FULL = 0.9;

function Row({ app, room, refresh }) {
  const { name, title, kind, owner, created_at: created, last, archived } = room;
  const shown = title ?? name;
  return html`
    <tr data-testid="admin-room" data-room=${name}>
      <td class="title"><span class="person"><${RoomSign} app=${app} name=${name} />
        <a class="person-name" href=${app.pathOf(name)} title=${name} onClick=${insidePage(() => app.openRoom(name))}>${shown}</a>
        ${archived && html`<span class="tag">${t('room.archived')}</span>`}</span></td>
      <td class="kind">${t(`room.kind-${kind}`)}</td>
      <td class="owner">${owner ?? '–'}</td>
      <td class="created"><time datetime=${created} title=${fullTime(new Date(created))}>${dateOf(new Date(created))}</time></td>
      <td class="messages"><span class="only-card">${t('admin-rooms.messages', { n: last })}</span><span class="only-table">${number(last)}</span></td>
      <td class="size" data-testid="admin-room-size">${sizeOf(room)}</td>
      <td class="act">
        <button type="button" class="link" data-testid="admin-room-archive" aria-label=${t(`room-settings.${archived ? 'restore' : 'archive'}-this`, { room: shown })}
          onClick=${() => askToArchive(app, room, refresh)}>${t(archived ? 'room-settings.restore' : 'room-settings.archive')}</button>
        <button type="button" class="link" data-testid="admin-room-delete" aria-label=${t('room-settings.delete-this', { room: shown })}
          onClick=${() => askToDelete(app, room, refresh)}>${t('room-settings.delete')}</button>
      </td>
    </tr>
  `;
}
