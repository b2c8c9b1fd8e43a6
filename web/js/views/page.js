// The frame of the page: rooms, conversation or another page in its place, what is open at the right.

import { html } from '../html.js';
import { t } from '../i18n.js';
import { isWayIn } from '../router.js';
import { drawerOpen, panel, place, searching } from '../ui.js';
import { Account } from './account.js';
import { Composer } from './composer.js';
import { ConnectionLine } from './connection_line.js';
import { Dialogs } from './dialogs.js';
import { Icon } from './icons.js';
import { JobsPanel } from './jobs_panel.js';
import { Lazy } from './lazy.js';
import { Menu } from './menu.js';
import { MessageList } from './message_list.js';
import { Notices } from './notices.js';
import { PeoplePanel } from './people_panel.js';
import { ReadOnly } from './read_only.js';
import { RoomHeader } from './room_header.js';
import { RoomList } from './room_list.js';
import { Typing } from './typing.js';

export function Page({ app }) {
  // Whoever is invited, or must sign in, has one thing to do.
  const isEntering = isWayIn(place.value);
  const isStranger = app.isStranger() && !isEntering;
  const alone = isEntering || isStranger;
  const withPanel = panel.value && !place.value && !alone;
  return html`
    <${ConnectionLine} app=${app} />
    <div class="frame ${drawerOpen.value ? 'drawer-open' : ''} ${withPanel ? 'with-panel' : ''} ${alone ? 'alone' : ''}">
      ${!alone && html`<${Drawer} app=${app} />`}
      ${isStranger ? html`<${Lazy} key="stranger" load=${loadStranger} app=${app} />` : html`<${Place} app=${app} />`}
    </div>
    ${searching.value && html`<${Lazy} load=${loadSearch} inside app=${app} ...${searching.value} />`}
    <${Notices} />
    <${Menu} />
    <${Dialogs} app=${app} />
  `;
}

const Place = ({ app }) =>
  place.value
    ? html`<${Lazy} key=${place.value.name} load=${PLACES[place.value.name]} app=${app} part=${place.value.part} />`
    : html`<${RoomView} app=${app} name=${app.chat.current.value} />`;

const PLACES = {
  jobs: () => import('./dashboard/dashboard.js').then(({ loadStyles, Dashboard }) => loadStyles().then(() => Dashboard)),
  people: () => import('./accounts/people.js').then(({ loadStyles, People }) => loadStyles().then(() => People)),
  admin: () => import('./admin/admin.js').then(({ loadStyles, Admin }) => loadStyles().then(() => Admin)),
  account: () => import('./accounts/own_account.js').then(({ loadStyles, OwnAccount }) => loadStyles().then(() => OwnAccount)),
  join: () => import('./accounts/join.js').then(({ loadStyles, Join }) => loadStyles().then(() => Join)),
  'sign-in': () => import('./accounts/arrival.js').then(({ loadStyles, Arrival }) => loadStyles().then(() => Arrival)),
  documents: () => import('./documents/documents.js').then(({ loadStyles, Documents }) => loadStyles().then(() => Documents)),
};
const loadStranger = () => import('./accounts/stranger.js').then(({ loadStyles, Stranger }) => loadStyles().then(() => Stranger));
const loadSearch = () => import('./search/search.js').then(({ loadStyles, Search }) => loadStyles().then(() => Search));

const RoomView = ({ app, name }) => html`
  <main key=${name}>
    <${RoomHeader} app=${app} name=${name} />
    <${MessageList} app=${app} name=${name} />
    <${Typing} app=${app} name=${name} />
    <${Writing} app=${app} name=${name} />
  </main>
  ${panel.value === 'people' && html`<${PeoplePanel} app=${app} name=${name} />`}
  ${panel.value === 'jobs' && html`<${JobsPanel} app=${app} />`}
`;

function Writing({ app, name }) {
  const { problem, mayPost } = app.chat.room(name);
  if (problem) return null;
  return mayPost ? html`<${Composer} app=${app} name=${name} />` : html`<${ReadOnly} app=${app} name=${name} />`;
}

const Drawer = ({ app }) => html`
  <div class="scrim" onClick=${() => { drawerOpen.value = false; }}></div>
  <div class="sidebar">
    <header class="brand"><span>chatbot</span>
      <span class="spacer"></span>
      <button type="button" class="tool only-narrow" aria-label=${t('close')} onClick=${() => { drawerOpen.value = false; }}><${Icon} name="close" /></button>
    </header>
    <${RoomList} app=${app} />
    <${Account} app=${app} />
  </div>
`;
