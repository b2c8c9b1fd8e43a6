// At the beginning of what is kept of a room: for how long that is, and what became of the rest.

import { html, useEffect, useSignal } from '../html.js';
import { clockTime, t } from '../i18n.js';

/** A sentence for each limit; none where everything is kept. */
export const keptFor = ({ keep_days: days, keep_messages: messages }) => [
  ...(days > 0 ? [t('retention.days', { n: days })] : []),
  ...(messages > 0 ? [t('retention.messages', { n: messages })] : []),
];

export function Kept({ app, room }) {
  const next = useNextPurge(app, room);
  const sentences = [
    ...(room.oldest > 1 ? [t('list.removed')] : []),
    ...keptFor(room.about ?? {}),
    ...(next ? [t('retention.next', { time: clockTime(next) })] : []),
  ];
  return sentences.length > 0 && html`<p class="beginning" data-testid="kept">${sentences.join(' ')}</p>`;
}

// Only who can do something about it is told when.
function useNextPurge(app, room) {
  const next = useSignal(null);
  const isLimited = keptFor(room.about ?? {}).length > 0;
  const asks = isLimited && app.mayManage(room.name);
  useEffect(() => {
    if (!asks) return;
    app.fetchRoom(room.name).then(
      ({ retention }) => { next.value = retention?.purge_at ? new Date(retention.purge_at) : null; },
      () => { next.value = null; },
    );
  }, [asks]);
  return asks ? next.value : null;
}
