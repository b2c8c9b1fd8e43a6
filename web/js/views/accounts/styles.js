// The style sheets of everything about accounts.

import { loadStyle } from '../lazy.js';

const load = (paths) => Promise.all(paths.map((path) => loadStyle(new URL(`../../../css/${path}`, import.meta.url).href)));

export const loadDialogStyles = () => load(['accounts.css']);
export const loadPageStyles = () => load(['pages.css', 'accounts.css']);
