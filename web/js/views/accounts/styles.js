// The style sheets of everything about accounts.

import { loadStyles } from '../lazy.js';

export const loadDialogStyles = () => loadStyles('forms', 'accounts');
export const loadPageStyles = () => loadStyles('pages', 'forms', 'accounts');
