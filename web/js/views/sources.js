// Where an answer comes from: the passages of documents, as cards that open the
// reader at the passage.

import { html, useLayoutEffect, useRef, useState } from '../html.js';
import { t } from '../i18n.js';
import { excerpt, plainSource } from '../marks.js';
import { documentsPath } from '../router.js';
import { Icon } from './icons.js';
import { insidePage } from './links.js';
import { Marked } from './marked.js';

// More than three lines hold, around what fits best.
const FOLDED_LENGTH = 400;

// Which cards stand open, by message and place. Outside of the cards, because those
// that are scrolled away are gone.
const unfolded = new Set();

/** `quoted`: the passages are the answer itself and show their first lines. */
export const Sources = ({ app, message, quoted }) => html`
  <ol class="sources" aria-label=${t('sources.title')}>
    ${message.results.map((source, index) => html`
      <${Source} key=${index} app=${app} source=${source} place=${`${message.room} ${message.seq} ${index}`} quoted=${quoted} />`)}
  </ol>
`;

function Source({ app, source, place, quoted }) {
  const [open, setOpen] = useState(unfolded.has(place));
  const text = useRef(null);
  const [isLong, setLong] = useState(true);
  const whole = plainSource(source);
  const passage = {
    text: whole.text.slice(whole.from, whole.to),
    marks: whole.marks.map(([from, to]) => [from - whole.from, to - whole.from]),
  };
  const shown = open ? passage : excerpt(passage.text, passage.marks, FOLDED_LENGTH);
  useLayoutEffect(() => {
    if (text.current && !open) setLong(shown.text !== whole.text || text.current.scrollHeight > text.current.clientHeight + 1);
  }, [open, quoted]);
  const part = { name: 'read', id: source.document, chunk: source.chunk };
  const toggle = () => {
    app.holdList();
    if (open) unfolded.delete(place);
    else unfolded.add(place);
    setOpen(!open);
    app.redrawList();
  };
  return html`
    <li class="source" data-testid="source" data-mark=${source.mark} data-document=${source.document} data-chunk=${source.chunk}>
      <div class="source-head">
        ${source.mark && html`<span class="source-mark">${source.mark}</span>`}
        <a href=${documentsPath(part)} data-testid="source-open" onClick=${insidePage(() => app.openDocuments(part))}>${source.title}</a>
        <span class="source-place">${placeIn(source)}</span>
        ${(quoted ? isLong : true) && html`
          <button type="button" class="tool" data-testid="source-more" aria-expanded=${open} onClick=${toggle}
            aria-label=${t(open ? 'sources.less' : 'sources.more')} title=${t(open ? 'sources.less' : 'sources.more')}><${Icon} name="unfold" /></button>`}
      </div>
      ${(quoted || open) && html`
        <p class="source-text ${open ? '' : 'folded'}" ref=${text} data-testid="source-text">
          ${open && html`<span class="source-context">${whole.text.slice(0, whole.from)}</span>`}
          <${Marked} ...${shown} />
          ${open && html`<span class="source-context">${whole.text.slice(whole.to)}</span>`}
        </p>`}
    </li>
  `;
}

/** "Page 3 · Hotels" */
export const placeIn = ({ page, heading }) => [page && t('source.page', { n: page }), heading].filter(Boolean).join(' · ');

/** Leads from a mark in an answer to its card. */
export function Citation({ number, source }) {
  const go = (event) => {
    const message = event.currentTarget.closest('[data-testid="message"]');
    message?.querySelector(`[data-testid="source"][data-mark="${number}"] a`)?.focus();
  };
  return html`<button type="button" class="citation" data-testid="citation" data-number=${number} onClick=${go}
    aria-label=${t('sources.citation', { n: number, title: source.title })} title=${[source.title, placeIn(source)].filter(Boolean).join(' · ')}>${number}</button>`;
}
