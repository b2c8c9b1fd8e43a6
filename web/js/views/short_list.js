// A list that comes whole, and whose entries can be dropped and brought back.

import { html, useRef } from '../html.js';
import { Fetching, useFetched } from './fetched.js';

/** `fetch()` gives the items, each with an `id`; `dropItem(item, restore)` drops one for good unless somebody wants it back. */
export function useShortList(fetch, dropItem) {
  const dropped = useRef(null);
  dropped.current ??= new Set();
  const isKept = ({ id }) => !dropped.current.has(id);
  const fetched = useFetched(async () => (await fetch()).filter(isKept));
  const items = fetched.value;
  const drop = (item) => {
    dropped.current.add(item.id);
    items.value = items.value.filter(isKept);
    dropItem(item, () => {
      dropped.current.delete(item.id);
      fetched.refresh();
    });
  };
  return { ...fetched, items: items.value, drop };
}

/** What stands there until the list is known, and where it is empty. */
export const ShortListState = ({ list, testid, empty }) => html`
  <${Fetching} fetched=${list} />
  ${list.items?.length === 0 && html`<p class="nothing" data-testid=${testid}>${empty}</p>`}
`;
