// The style sheets of the dialogs about rooms.

import { stylesOf } from '../lazy.js';

export const loadDialogStyles = () => stylesOf('forms', 'room_dialogs');
