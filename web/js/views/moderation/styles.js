// The style sheets of the dialogs of moderation.

import { stylesOf } from '../lazy.js';

export const loadDialogStyles = () => stylesOf('forms', 'moderation');
