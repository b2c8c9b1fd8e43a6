// The style sheets of the dialogs about rooms.

import { loadStyles } from '../lazy.js';

export const loadDialogStyles = () => loadStyles('forms', 'room_dialogs');
