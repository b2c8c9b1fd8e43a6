// Wires connection, chat and views together and starts the page. Everything that
// can be tested on its own lives in the modules it names.

import * as api from './api.js';
import { createActions } from './actions.js';
import { BOT_ROOM, Chat } from './chat.js';
import { Connection } from './connection.js';
import { effect, html, render } from './html.js';
import { chooseLocale, locale, t, timeZone, useLocale } from './i18n.js';
import { listenForKeys, readyToWrite } from './keys.js';
import { leaveInHistory } from './leaving.js';
import { beforePaint } from './paint.js';
import { FIRST_ROOM, isWayIn, pathOf, placeOf, roomOf } from './router.js';
import { recall, remember, whenChangedElsewhere } from './storage.js';
import { followTheme } from './theme.js';
import { showTitle } from './title.js';
import { notify, openDialog, panel, place } from './ui.js';
import { Page } from './views/page.js';
import { refreshVisits } from './visits.js';

const REFRESH_ROOMS = 30_000;
// Whose words say what stands there.
const PLACES = { jobs: 'dashboard', documents: 'documents', people: 'accounts', admin: 'admin', account: 'account', join: 'join', 'sign-in': 'sign-in' };

let firstServer = null;
let askedToReload = false;
let invitation = null;

const chat = new Chat({
  send: (frame) => connection.send(frame),
  identity: () => ({ handle: recall('handle') ?? undefined, locale: locale.value, time_zone: timeZone() }),
  hears: { failed, welcomed, jobChanged, sessionEnded, becameAnother: () => app.becomeAnother() },
  beforePaint,
});
const connection = new Connection(socketUrl(), chat);
const app = createActions(chat, connection);

start();

async function start() {
  followTheme();
  const wanted = recall('locale') ?? chooseLocale(navigator.languages);
  document.documentElement.lang = wanted;
  locale.value = wanted;
  api.speak(wanted);

  // The first messages travel while the page's own words are fetched.
  showPlace();
  chat.keepVisited();
  connection.start();
  await useLocale(wanted);

  const page = document.querySelector('#page');
  page.replaceChildren();
  render(html`<${Page} app=${app} />`, page);
  listenToBrowser();
  listenForKeys(app);
  effect(tellTitle);
  effect(focusOnNewRoom);
  app.refreshRooms();
  setInterval(refreshWhileSeen, REFRESH_ROOMS);
}

function socketUrl() {
  const url = new URL('/ws', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

function showPlace() {
  place.value = withoutToken(placeOf(location));
  const room = roomOf(location.pathname, BOT_ROOM);
  if (room) return chat.open(room);
  if (!chat.current.value) chat.open(recall('last', FIRST_ROOM));
  if (!place.value) history.replaceState(null, '', pathOf(chat.current.value, BOT_ROOM));
}

// Whoever has an invitation's token may use it: it must not stay in the address, nor in the history. A code of the identity
// provider works once, and is not worth to be kept either.
function withoutToken(wanted) {
  if (wanted?.name === 'sign-in') history.replaceState(null, '', location.pathname);
  if (wanted?.name !== 'join') return wanted;
  invitation = wanted.part.token ?? invitation;
  history.replaceState(null, '', location.pathname);
  return { ...wanted, part: { ...wanted.part, token: invitation } };
}

function listenToBrowser() {
  addEventListener('popstate', () => leaveInHistory(showPlace));
  addEventListener('online', () => connection.wake());
  addEventListener('offline', () => connection.networkLost());
  addEventListener('storage', refreshVisits);
  whenChangedElsewhere('account', app.followOtherTab);
  addEventListener('focus', app.refreshRooms);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    connection.wake();
    chat.markReadIfSeen();
  });
}

function refreshWhileSeen() {
  if (!document.hidden) app.refreshRooms();
}

function tellTitle() {
  showTitle(placeName(), chat.totalUnread());
}

function placeName() {
  if (app.isStranger() && !isWayIn(place.value)) return t('sign-in.title');
  if (place.value) return t(`${PLACES[place.value.name]}.title`);
  return app.titleOf(chat.current.value);
}

function focusOnNewRoom() {
  void chat.current.value;
  if (place.value) return;
  requestAnimationFrame(() => requestAnimationFrame(readyToWrite));
}

function askHandleOnce() {
  if (recall('handle') || recall('asked') || isWayIn(place.value)) return;
  remember('asked', true);
  openDialog('handle', { first: true });
}

// --- what the server says that concerns no room ---

function failed({ code, message }) {
  if (['bad_handle', 'name_taken', 'filtered'].includes(code)) app.refuseHandle(message);
  else notify(message);
}

function welcomed({ server, user }) {
  const again = firstServer !== null;
  firstServer ??= server;
  app.meet(user);
  app.refreshReports();
  if (again) offerNewerPage(server);
  else if (!user.account && !app.isStranger()) askHandleOnce();
}

function sessionEnded() {
  notify(t('sign-in.ended'), { kind: 'news', lasts: Infinity, action: { label: t('sign-in.title'), run: () => openDialog('sign-in') } });
}

async function offerNewerPage(server) {
  const ours = new URL('..', import.meta.url).pathname;
  const theirs = await api.currentAssets().catch(() => ours);
  const newer = server !== firstServer || (theirs !== null && theirs !== ours);
  if (!newer || askedToReload) return;
  askedToReload = true;
  notify(t('newer-page'), { kind: 'news', lasts: Infinity, action: { label: t('reload'), run: () => location.reload() } });
}

function jobChanged() {
  if (panel.value === 'jobs') app.refreshJobsSoon();
}
