// The style sheets of the dialogs of moderation.

import { loadStyles } from '../lazy.js';

export const loadDialogStyles = () => loadStyles('forms', 'moderation');
