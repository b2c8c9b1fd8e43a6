// Keys that work anywhere on the page. Knows which elements can be written in, and
// otherwise only the actions it is given.

import { drawerOpen, openDialog, openSearch, panel, place } from './ui.js';

/** As it is written on the keyboard in front of the person. */
export const SEARCH_KEY = /Mac|iP(hone|ad)/.test(navigator.platform) ? '⌘ K' : 'Ctrl K';

// Where one writes on the pages beside the rooms.
const FIELDS = { jobs: '#start-arguments', documents: '#documents-search', people: '#people-search', admin: '#admin-search' };

const focusOn = (selector) => document.querySelector(selector)?.focus();

export const focusComposer = () => focusOn('[data-testid="composer"]');

/** On a phone the focus in a field would open the keyboard over what one came to read. */
export const hasKeyboard = () => matchMedia('(hover: hover)').matches;

export function readyToWrite() {
  if (hasKeyboard()) focusComposer();
}

export function listenForKeys(app) {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector('dialog[open]')) return;
    const act = actionOf(event, app);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function actionOf(event, app) {
  if (app.isStranger()) return null;
  const { key, altKey } = event;
  if ((event.ctrlKey || event.metaKey) && !altKey && key.toLowerCase() === 'k') return openSearch;
  if (event.ctrlKey || event.metaKey) return null;
  if (altKey && key === 'ArrowUp') return () => openNeighbour(app, -1);
  if (altKey && key === 'ArrowDown') return () => openNeighbour(app, 1);
  if (key === 'Escape') return place.value ? () => leavePlace(app) : backToComposer;
  if (altKey || isWriting(event.target)) return null;
  if (key === '?') return () => openDialog('keys');
  if (key === '/') return place.value ? () => focusOn(FIELDS[place.value.name]) : () => app.write('/');
  return null;
}

const isWriting = (element) => element.matches?.('input, textarea, select');

/** On a narrow screen the rooms are a drawer, and the keyboard must follow into it. */
export function showRooms() {
  drawerOpen.value = true;
  requestAnimationFrame(() => focusOn('.room-link[aria-current]'));
}

function backToComposer() {
  drawerOpen.value = false;
  panel.value = null;
  focusComposer();
}

// First out of what lies above the list, then out of it.
function leavePlace(app) {
  const { name, part } = place.value;
  if (drawerOpen.value) drawerOpen.value = false;
  else if (part.name === 'list' || name === 'admin') app.closePlace();
  else if (name === 'jobs') app.openDashboard();
  else if (name === 'people') app.openPeople();
  else if (part.name === 'read') app.openDocuments();
  // What is being corrected, or an invitation, is not left by a slip.
}

// In the order in which they stand on the page, whatever is filtered.
function openNeighbour(app, step) {
  const links = [...document.querySelectorAll('[data-testid="room-link"]')];
  const names = links.filter((link) => link.checkVisibility()).map((link) => link.dataset.room);
  const here = names.indexOf(app.chat.current.value);
  const name = names[(here + step + names.length) % names.length];
  if (name) app.openRoom(name);
}
