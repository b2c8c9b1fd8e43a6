// What was found, in groups: rooms, messages, documents.

import { html, useLayoutEffect, useRef } from '../../html.js';
import { fullTime, moment, t } from '../../i18n.js';
import { excerpt, plainPassage } from '../../marks.js';
import { shownName } from '../../names.js';
import { documentsPath } from '../../router.js';
import { Avatar, colourOf } from '../avatar.js';
import { Icon } from '../icons.js';
import { insidePage } from '../links.js';
import { Marked } from '../marked.js';
import { RoomSign } from '../room_sign.js';
import { placeIn } from '../sources.js';

const MESSAGE_LENGTH = 160;
const PASSAGE_LENGTH = 180;

/** One list from top to bottom: `[{group, key, path, open(), …}]`. */
export function resultsOf({ app, found, rooms }) {
  return [
    ...rooms.map((room) => ({ app, group: 'rooms', key: room.name, room, path: app.pathOf(room.name), open: () => app.openRoom(room.name) })),
    ...(found?.messages ?? []).map((message) => ({
      app,
      group: 'messages',
      key: `${message.room} ${message.seq}`,
      message,
      path: app.pathOf(message.room),
      open: () => app.openRoom(message.room, { seq: message.seq }),
    })),
    ...(found?.documents ?? []).map((source) => {
      const part = { name: 'read', id: source.document, chunk: source.chunk };
      return { group: 'documents', key: `${source.document} ${source.chunk}`, source, path: documentsPath(part), open: () => app.openDocuments(part) };
    }),
  ];
}

export function Results({ results, chosen, choose }) {
  const list = useRef(null);
  useLayoutEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [chosen, results.length]);
  const groups = ['rooms', 'messages', 'documents'].map((name) => [name, results.filter(({ group }) => group === name)]);
  return html`
    <div ref=${list}>
      ${groups.filter(([, rows]) => rows.length > 0).map(([name, rows]) => html`
        <div key=${name} role="group" aria-label=${t(`search.group-${name}`)} data-testid="search-group-${name}">
          <h2>${t(`search.group-${name}`)}</h2>
          ${rows.map((result) => {
            const index = results.indexOf(result);
            return html`
              <a key=${result.key} class="search-result" id="search-result-${index}" role="option" aria-selected=${index === chosen} tabindex="-1"
                href=${result.path} data-testid="search-result" data-group=${name} onMouseMove=${() => index !== chosen && choose(index)} onClick=${insidePage(result.open)}>
                <${Result} ...${result} />
              </a>`;
          })}
        </div>`)}
    </div>
  `;
}

function Result({ app, group, room, message, source }) {
  if (group === 'rooms') return html`<${RoomSign} app=${app} name=${room.name} /><span class="search-title">${room.title}</span>`;
  if (group === 'messages') return html`<${Message} app=${app} message=${message} />`;
  const text = plainPassage(source.content, source.marks);
  return html`
    <${Icon} name="document" />
    <span class="search-body">
      <span class="search-head"><b>${source.title}</b><span class="search-where">${placeIn(source)}</span></span>
      <span class="search-text"><${Marked} ...${excerpt(text.text, text.marks, PASSAGE_LENGTH)} /></span>
    </span>
  `;
}

function Message({ app, message: { room, handle, role, timestamp, message, marks } }) {
  const at = new Date(timestamp);
  return html`
    <${Avatar} handle=${handle} role=${role} />
    <span class="search-body">
      <span class="search-head"><b class=${role === 'bot' ? 'author bot' : colourOf(handle)}>${shownName(handle)}</b>
        <span class="search-where">${app.titleOf(room)}</span>
        <time datetime=${timestamp} title=${fullTime(at)}>${moment(at)}</time></span>
      <span class="search-text"><${Marked} ...${excerpt(message, marks ?? [], MESSAGE_LENGTH)} /></span>
    </span>
  `;
}
