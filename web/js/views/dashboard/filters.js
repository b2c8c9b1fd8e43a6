// Which jobs the table shows. The choice stands in the address, so that it can be
// kept, shared and gone back to.

import { BOT_ROOM } from '../../chat.js';
import { plainName } from '../../commands.js';
import { EVERYTHING } from '../../dashboard/board.js';
import { html, useEffect } from '../../html.js';
import { t } from '../../i18n.js';
import { GROUPS, STATES } from '../../job_states.js';
import { dashboardPath } from '../../router.js';
import { visited } from '../../visits.js';
import { FilterChoice } from '../filter_choice.js';

export function filterFromAddress() {
  const asked = new URLSearchParams(location.search);
  return Object.fromEntries(Object.keys(EVERYTHING).map((key) => [key, asked.get(key) ?? '']));
}

function rememberInAddress(filter) {
  const asked = new URLSearchParams(Object.entries(filter).filter(([, value]) => value)).toString();
  history.replaceState(null, '', dashboardPath() + (asked && `?${asked}`));
}

export function Filters({ app, board }) {
  const filter = board.filter.value;
  useEffect(() => rememberInAddress(filter), [filter]);
  const set = (key) => (value) => board.setFilter({ [key]: value });
  const commands = [...new Set([...app.chat.commands.value.map(plainName), ...namesOf(board)])];
  const me = app.chat.user.value?.handle ?? '';
  return html`
    <div class="filters" role="group" aria-label=${t('filter.label')}>
      <div class="chips">
        ${['', ...Object.keys(GROUPS)].map((group) => html`
          <button type="button" class="chip" data-testid="filter-${group || 'all'}" aria-pressed=${filter.state === group}
            onClick=${() => set('state')(group)}>${t(`filter.${group || 'all'}`)}</button>`)}
      </div>
      <${FilterChoice} testid="filter-by-state" any=${t('filter.any-state')} value=${STATES.includes(filter.state) ? filter.state : ''} set=${set('state')}
        options=${STATES.map((state) => [state, t(`job.${state}`)])} />
      <${FilterChoice} testid="filter-by-name" any=${t('filter.any-command')} value=${filter.name} set=${set('name')}
        options=${withChosen(commands, filter.name).map((name) => [name, name])} />
      <${FilterChoice} testid="filter-by-room" any=${t('filter.any-room')} value=${filter.room} set=${set('room')}
        options=${withChosen([BOT_ROOM, ...roomsOf(board)], filter.room).map((name) => [name, app.titleOf(name)])} />
      ${app.may('see_every_job') && html`
        <${FilterChoice} testid="filter-by-handle" any=${t('filter.everybody')} value=${filter.handle} set=${set('handle')}
          options=${withChosen([me], filter.handle).map((handle) => [handle, handle === me ? t('filter.mine') : handle])} />`}
    </div>
  `;
}

// What the address asks for can always be seen, whether there is such a thing or not.
const withChosen = (values, chosen) => (chosen && !values.includes(chosen) ? [...values, chosen] : values);

// The server does some work of its own, which nobody can ask for.
const namesOf = (board) => (board.jobs.value ?? []).map(({ name }) => name).sort();

function roomsOf(board) {
  const rooms = (board.jobs.value ?? []).map(({ room }) => room).filter((room) => room !== BOT_ROOM);
  return [...new Set([...visited.value, ...rooms])].sort((a, b) => a.localeCompare(b));
}
