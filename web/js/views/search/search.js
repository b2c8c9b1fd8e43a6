// The one search box: over rooms, messages and documents, as one writes.

import { BOT_ROOM } from '../../chat.js';
import { useCompositionGuard } from '../../composition.js';
import { html, useEffect, useLayoutEffect, useRef, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { Finder } from '../../search/finder.js';
import { isEmpty, parse, withoutFilters } from '../../search/query.js';
import { closeSearch } from '../../ui.js';
import { visited } from '../../visits.js';
import { Icon } from '../icons.js';
import { stylesOf } from '../lazy.js';
import { FilterChips } from './filter_chips.js';
import { Results, resultsOf } from './results.js';

export const loadStyles = () => stylesOf('search');

// Of each group, as long as both are shown.
const FEW = 6;
const MANY = 50;
const MOST = 200;
const ROOMS = 4;

export function Search({ app, text: opensWith }) {
  const dialog = useModal();
  const input = useRef(null);
  const composing = useCompositionGuard();
  const text = useSignal(opensWith);
  const kind = useSignal('');
  const limit = useSignal(FEW);
  const chosen = useSignal(0);
  const finder = useFinder(app);
  const results = resultsOf({ app, found: finder.found.value, rooms: roomsFor(app, text.value, kind.value) });
  const closeFromOutside = (event) => event.target === dialog.current && closeSearch();

  function find(change, { wait } = {}) {
    if ('text' in change) text.value = change.text;
    if ('kind' in change) kind.value = change.kind;
    limit.value = change.limit ?? (kind.value ? MANY : FEW);
    chosen.value = 0;
    finder.find({ q: text.value.trim(), kind: kind.value, limit: limit.value }, { wait });
  }

  // What is still being composed is not what is looked for.
  const onInput = (event) => (event.isComposing ? (text.value = event.target.value) : find({ text: event.target.value }));

  function write(wanted) {
    find({ text: wanted }, { wait: 0 });
    input.current.focus();
  }

  function onKeyDown(event) {
    if (composing.endsWith(event)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && results.length > 0) chosen.value = (chosen.value + step + results.length) % results.length;
    else if (event.key === 'Enter') results[chosen.value]?.open();
    else return;
    event.preventDefault();
  }

  useEffect(() => {
    if (opensWith) find({ text: opensWith }, { wait: 0 });
  }, []);

  const onCompositionEnd = (event) => {
    composing.handlers.onCompositionEnd(event);
    find({ text: event.target.value });
  };
  return html`
    <dialog class="search" ref=${dialog} data-testid="search" aria-label=${t('search.open')} onClose=${closeSearch} onMouseDown=${closeFromOutside}>
      <div class="search-frame">
        <form class="search-line" role="search" onSubmit=${(event) => event.preventDefault()}>
          <${Icon} name="search" />
          <input ref=${input} type="text" autofocus value=${text.value} placeholder=${t('search.placeholder')} aria-label=${t('search.placeholder')}
            data-testid="search-input" autocomplete="off" spellcheck=${false} enterkeyhint="search" role="combobox" aria-expanded=${results.length > 0}
            aria-controls="search-results" aria-autocomplete="list" aria-activedescendant=${results.length > 0 ? `search-result-${chosen.value}` : undefined}
            onInput=${onInput} onKeyDown=${onKeyDown} onCompositionEnd=${onCompositionEnd} />
          <button type="button" class="tool" data-testid="search-close" aria-label=${t('close')} title=${t('close')} onClick=${closeSearch}><${Icon} name="close" /></button>
        </form>
        <div class="search-busy" data-busy=${finder.busy.value}></div>
        <${FilterChips} app=${app} text=${text.value} write=${write} kind=${kind.value} setKind=${(wanted) => find({ kind: wanted }, { wait: 0 })} />
        <div class="search-results" id="search-results" role="listbox" aria-label=${t('search.results')} aria-busy=${finder.busy.value}>
          <${Results} results=${results} chosen=${chosen.value} choose=${(index) => { chosen.value = index; }} />
          <${Rest} finder=${finder} text=${text.value} kind=${kind.value} limit=${limit.value} results=${results}
            find=${find} write=${write} />
        </div>
      </div>
    </dialog>
  `;
}

// What stands below the results, or in place of them.
function Rest({ finder, text, kind, limit, results, find, write }) {
  const found = finder.found.value;
  if (finder.problem.value) {
    return html`<p class="nothing problem" role="alert" data-testid="search-problem">${finder.problem.value}
      <button type="button" class="link" onClick=${() => find({}, { wait: 0 })}><${Icon} name="again" />${t('job.again')}</button></p>`;
  }
  if (isEmpty(text)) return html`<p class="nothing" data-testid="search-help">${t('search.help')}</p>`;
  if (!found) return null;
  if (results.length === 0) {
    const { words, filters } = parse(text);
    return html`
      <p class="nothing" role="status" data-testid="search-nothing">${t('search.nothing', { what: words || text.trim() })}
        ${words && filters.length > 0 && html` <button type="button" class="link" onClick=${() => write(withoutFilters(text))}>${t('search.without-filters')}</button>`}</p>
    `;
  }
  if (!found.more || limit >= MOST) return null;
  return html`<button type="button" class="quiet-button" data-testid="search-more" onClick=${() => find({ limit: Math.min(MOST, limit * (kind ? 2 : 4)) }, { wait: 0 })}>${t('search.more')}</button>`;
}

// Where one was lately, and whatever has the words in its name.
function roomsFor(app, text, kind) {
  const { words, filters } = parse(text);
  if (kind || filters.length > 0) return [];
  const wanted = words.toLowerCase();
  const names = [...new Set([...visited.value, BOT_ROOM, ...app.chat.listed.value.map(({ name }) => name)])];
  // Whoever knows its address finds a room by that, too.
  const named = (name) => `${app.titleOf(name)} ${name}`.toLowerCase();
  const matching = names.filter((name) => name !== (wanted ? null : app.chat.current.value) && named(name).includes(wanted));
  // What begins so is meant more often than what contains it.
  const begins = (name) => (app.titleOf(name).toLowerCase().startsWith(wanted) ? 0 : 1);
  return matching.sort((a, b) => begins(a) - begins(b)).slice(0, ROOMS).map((name) => ({ name, title: app.titleOf(name) }));
}

function useFinder(app) {
  const kept = useRef(null);
  kept.current ??= new Finder(app.search);
  useEffect(() => () => kept.current.stop(), []);
  return kept.current;
}

function useModal() {
  const element = useRef(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    element.current.showModal();
    return () => requestAnimationFrame(() => before?.isConnected && document.activeElement === document.body && before.focus());
  }, []);
  return element;
}
