// What narrows a search down, as buttons: where to look, and the values of the filter
// that is being written.

import { html } from '../../html.js';
import { t } from '../../i18n.js';
import { isDirect } from '../../router.js';
import { parse, unfinished, withFilter } from '../../search/query.js';
import { visited } from '../../visits.js';

const KINDS = ['', 'messages', 'documents'];
const MOST = 8;
const DAY = 86_400_000;

export const FilterChips = ({ app, text, write, kind, setKind }) => html`
  <div class="search-filters">
    <div class="search-kinds" role="group" aria-label=${t('search.where')}>
      ${KINDS.map((name) => html`
        <button type="button" class="search-kind" data-testid="search-kind-${name || 'all'}" aria-pressed=${kind === name}
          onClick=${() => setKind(name)}>${t(`search.kind-${name || 'all'}`)}</button>`)}
    </div>
    ${kind !== 'documents' && html`
      <div class="search-chips" role="group" aria-label=${t('search.filters')} data-testid="search-chips">
        ${offered(app, text).map(({ name, value, words }) => html`
          <button type="button" class="search-chip" key=${name + value} data-filter=${name} onClick=${() => write(withFilter(text, name, value))}>
            <b>${name}:</b>${words ?? value}</button>`)}
      </div>`}
  </div>
`;

function offered(app, text) {
  const writing = unfinished(text);
  if (writing) {
    const fitting = valuesOf(app, writing.name).filter(({ value }) => value.toLowerCase().startsWith(writing.typed) && value.toLowerCase() !== writing.typed);
    if (fitting.length > 0) return fitting.slice(0, MOST).map((choice) => ({ name: writing.name, ...choice }));
  }
  const used = parse(text).filters.map(({ name }) => name);
  const here = app.chat.current.value;
  return [
    { name: 'in', value: app.isShared(here) ? here : '' },
    { name: 'from', value: '' },
    { name: 'after', value: '' },
    { name: 'before', value: '' },
    { name: 'has', value: 'job' },
  ].filter(({ name }) => !used.includes(name) && writing?.name !== name);
}

function valuesOf(app, name) {
  switch (name) {
    case 'in': return [...new Set([...visited.value, ...app.chat.listed.value.map((room) => room.name)])].filter((room) => !isDirect(room)).map((value) => ({ value }));
    case 'from': return peopleOf(app).map((value) => ({ value }));
    case 'has': return [{ value: 'job' }];
    default: return [['day.today', 0], ['day.yesterday', 1], ['search.week', 7], ['search.month', 30]].map(([words, ago]) => ({ value: isoDay(ago), words: t(words) }));
  }
}

// Whoever is in a room with us, or spoke there lately.
function peopleOf(app) {
  const rooms = app.chat.joinedRooms();
  const handles = rooms.flatMap((room) => [...room.members.keys(), ...room.messages.slice(-200).map(({ handle }) => handle)]);
  return [...new Set(handles)].sort((a, b) => a.localeCompare(b));
}

function isoDay(daysAgo) {
  const date = new Date(Date.now() - daysAgo * DAY);
  const two = (part) => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
