// What of the page is open just now: place, search, dialog, menu, side panel, drawer, notices.
// Knows neither rooms nor the socket.

import { signal } from './html.js';
import { t } from './i18n.js';

const NOTICE_LASTS = 6_000;

/** What stands in the middle: null for the current room, or `{name, part}` as the router has it. */
export const place = signal(null);
/** The search box: null, or `{text}` that it opens with. */
export const searching = signal(null);
/** null, or `{name: 'handle' | 'sign-in' | 'new-room' | 'keys' | 'room-settings' | 'report' | 'stop' | 'cancel-all' | 'command-permission' | 'invite' | 'make-account' | 'merge' |
    'set-password' | 'new-token' | 'collections' | 'confirm', …}`; one at a time. */
export const dialog = signal(null);
/** `{id, button, label, items}` of the menu that is open, or null; `items` are `{name, words, act()}`. */
export const menu = signal(null);
/** null, 'people' or 'jobs'. */
export const panel = signal(null);
export const drawerOpen = signal(false);
export const notices = signal([]);

export const openDialog = (name, more = {}) => {
  dialog.value = { name, ...more };
};
export const closeDialog = () => {
  dialog.value = null;
};
export const openSearch = (text = '') => {
  searching.value = { text };
};
export const closeSearch = () => {
  searching.value = null;
};
export const togglePanel = (name) => {
  panel.value = panel.value === name ? null : name;
};

let lastMenu = 0;

export const openMenu = (button, { label, items, look }) => {
  menu.value = { id: (lastMenu += 1), button, label, items, look };
};
export const closeMenu = () => {
  menu.value = null;
};

let lastNotice = 0;

/** `action` is `{label, run}`; what lasts for ever stays until it is closed. */
export function notify(text, { kind = 'error', action = null, lasts = NOTICE_LASTS } = {}) {
  const id = (lastNotice += 1);
  const others = notices.value.filter((notice) => notice.text !== text);
  notices.value = [...others, { id, text, kind, action }].slice(-4);
  if (lasts !== Infinity) setTimeout(() => dismiss(id), lasts);
}

/** The action of a notice that takes back what has just been done. */
export const undoing = (run) => ({ label: t('undo'), run });

export function dismiss(id) {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}
