// Nobody loses what was typed without being asked, whichever way they leave.

import { t } from './i18n.js';
import { openDialog } from './ui.js';

/** What is being typed in: `{isChanged, path}`, or null. */
let draft = null;

/** From now on leaving is asked about while `isChanged()`; what is returned ends that. */
export function askBeforeLeaving(isChanged) {
  const mine = { isChanged, path: location.pathname + location.search + location.hash };
  const warn = (event) => isChanged() && event.preventDefault();
  draft = mine;
  addEventListener('beforeunload', warn);
  return () => {
    removeEventListener('beforeunload', warn);
    if (draft === mine) draft = null;
  };
}

/** Does what leaves the draft, at once or when that is confirmed. */
export function leave(go) {
  if (!draft?.isChanged()) return go();
  return openDialog('confirm', {
    title: t('leave.title'),
    text: t('leave.means'),
    label: t('leave.do'),
    act: async () => {
      draft = null;
      go();
    },
  });
}

/** The browser went elsewhere in its history and asks nobody: back to the draft, until leaving it is confirmed. */
export function leaveInHistory(show) {
  if (!draft?.isChanged()) return show();
  history.pushState(null, '', draft.path);
  return leave(() => history.back());
}
