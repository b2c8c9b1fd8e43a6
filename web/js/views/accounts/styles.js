// The style sheets of everything about accounts.

import { stylesOf } from '../lazy.js';

export const loadDialogStyles = () => stylesOf('forms', 'accounts');
export const loadPageStyles = () => stylesOf('pages', 'forms', 'accounts');
