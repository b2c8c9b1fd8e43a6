// What lists that are searched have in common on a page.

import { html, useEffect, useRef } from '../html.js';
import { t } from '../i18n.js';
import { PagedList } from '../paged_list.js';
import { Icon } from './icons.js';

/** A list as long as the view is there; `fetch` as `PagedList` takes it. */
export function usePagedList(fetch) {
  const kept = useRef(null);
  kept.current ??= new PagedList({ fetch, isSeen: () => !document.hidden });
  const list = kept.current;
  useEffect(() => {
    const refresh = () => document.hidden || list.refresh();
    document.addEventListener('visibilitychange', refresh);
    list.refresh();
    return () => {
      document.removeEventListener('visibilitychange', refresh);
      list.stop();
    };
  }, []);
  return list;
}

/** `words` says what is searched. */
export const ListSearch = ({ list, id, words }) => html`
  <label class="list-search"><${Icon} name="search" />
    <input type="search" id=${id} data-testid=${id} value=${list.text.value} placeholder=${words}
      aria-label=${words} autocomplete="off" onInput=${(event) => event.isComposing || list.find(event.target.value)}
      onCompositionEnd=${(event) => list.find(event.target.value)} /></label>
`;

/** What stands there until the list is known; `children` are the list, and stand there from then on. */
export function Listed({ list, children }) {
  const known = list.items.value !== null;
  const problem = list.problem.value;
  return html`
    ${problem && html`<p class="nothing problem" role="alert">${problem}
      <button type="button" class="link" onClick=${() => list.refresh()}><${Icon} name="again" />${t('job.again')}</button></p>`}
    ${known ? children : !problem && html`<p class="nothing" role="status">${t('list.loading')}</p>`}
  `;
}

export const More = ({ list, testid, words }) =>
  list.more.value && html`<button type="button" class="quiet-button" data-testid=${testid} onClick=${() => list.loadMore()}>${words}</button>`;
