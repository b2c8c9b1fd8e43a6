// A list that comes whole, and whose entries can be dropped and brought back.

import { html, signal, useEffect, useRef } from '../html.js';
import { t } from '../i18n.js';
import { Icon } from './icons.js';

/** `fetch()` gives the items, each with an `id`; `dropItem(item, restore)` drops one for good unless somebody wants it back. */
export function useShortList(fetch, dropItem) {
  const kept = useRef(null);
  kept.current ??= { items: signal(null), problem: signal(null), dropped: new Set() };
  const { items, problem, dropped } = kept.current;
  const refresh = async () => {
    try {
      items.value = (await fetch()).filter(({ id }) => !dropped.has(id));
      problem.value = null;
    } catch (error) {
      problem.value = error.message;
    }
  };
  const drop = (item) => {
    dropped.add(item.id);
    items.value = items.value.filter(({ id }) => id !== item.id);
    dropItem(item, () => {
      dropped.delete(item.id);
      refresh();
    });
  };
  useEffect(() => void refresh(), []);
  return { items: items.value, problem: problem.value, refresh, drop };
}

/** What stands there until the list is known, and where it is empty. */
export const ShortListState = ({ list: { items, problem, refresh }, testid, empty }) => html`
  ${problem && html`<p class="nothing problem" role="alert">${problem}
    <button type="button" class="link" onClick=${refresh}><${Icon} name="again" />${t('job.again')}</button></p>`}
  ${!items && !problem && html`<p class="nothing" role="status">${t('list.loading')}</p>`}
  ${items?.length === 0 && html`<p class="nothing" data-testid=${testid}>${empty}</p>`}
`;
