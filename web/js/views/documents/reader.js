// Reading a document, page by page, with the cited passage marked and in sight.

import { blocksOf, marksIn } from '../../documents/pages.js';
import { isBeingRead } from '../../documents/shelf.js';
import { html, useEffect, useLayoutEffect, useMemo, useRef, useSignal } from '../../html.js';
import { fullTime, LANGUAGES, moment, t } from '../../i18n.js';
import { plainHeading, segments } from '../../marks.js';
import { Refresher } from '../../refresher.js';
import { documentsPath } from '../../router.js';
import { Icon } from '../icons.js';
import { insidePage } from '../links.js';
import { DocumentState } from './document_list.js';
import { removeDocument } from './remove.js';

const WHILE_WORKING = 1_500;

export function Reader({ app, shelf, id, chunk }) {
  const isGoing = useRef(false);
  const { document, problem, refresh } = useDocument(app, id, isGoing);
  const range = document?.ranges.find((one) => one.chunk === chunk);
  return html`
    <div class="page-body document-page" data-testid="reader">
      <a class="link back" href=${documentsPath()} data-testid="reader-back" onClick=${insidePage(() => app.openDocuments())}><${Icon} name="back" />${t('documents.title')}</a>
      ${problem && html`<p class="nothing problem" role="alert">${problem}</p>`}
      ${!document && !problem && html`<p class="nothing" role="status">${t('list.loading')}</p>`}
      ${document && html`
        <${Head} app=${app} shelf=${shelf} document=${document} isGoing=${isGoing} />
        ${app.may('manage_documents') && html`<${Passages} app=${app} document=${document} range=${range} changed=${refresh} />`}
        <${Pages} document=${document} range=${range} />`}
    </div>
  `;
}

function useDocument(app, id, isGoing) {
  const found = useSignal(null);
  const problem = useSignal(null);
  const kept = useRef(null);
  useEffect(() => {
    const refresher = (kept.current = new Refresher(async () => {
      if (isGoing.current) return refresher.within(WHILE_WORKING);
      try {
        found.value = await app.fetchDocument(id);
        problem.value = null;
        if (isBeingRead(found.value)) refresher.within(WHILE_WORKING);
      } catch (error) {
        problem.value = error.message;
      }
    }));
    refresher.now();
    return () => refresher.stop();
  }, []);
  return { document: found.value, problem: problem.value, refresh: () => kept.current.now() };
}

function Head({ app, shelf, document, isGoing }) {
  const { id, title, origin } = document;
  const edit = { name: 'edit', id };
  const gone = () => {
    shelf.drop(id);
    app.openDocuments();
  };
  return html`
    <header class="reader-head">
      <h2 data-testid="reader-title">${title}</h2>
      <span class="spacer"></span>
      ${origin?.original && html`<a class="secondary" href=${app.originalPath(id)} download data-testid="document-original">${t('documents.original')}</a>`}
      ${app.may('manage_documents') && html`
        <a class="secondary" href=${documentsPath(edit)} data-testid="document-change" onClick=${insidePage(() => app.openDocuments(edit))}>${t('documents.edit')}</a>
        <button type="button" class="secondary" data-testid="document-delete" onClick=${() => removeDocument(app, document, gone, isGoing)}>${t('documents.delete')}</button>`}
    </header>
    <p class="reader-facts"><${Facts} app=${app} document=${document} /></p>
  `;
}

function Facts({ app, document }) {
  const { author, language, room, collection, kind, pages, updated_at: updated, passages, origin } = document;
  const facts = [
    author,
    LANGUAGES.find(([tag]) => tag === language)?.[1],
    kind === 'faq' && t('documents.kind-faq'),
    room ? t('documents.only-in', { room: app.titleOf(room) }) : collection ? t('documents.of-collection', { name: collection }) : t('documents.everywhere'),
    pages && t('documents.pages', { n: pages }),
    t('documents.passages', { n: passages }),
    html`<time datetime=${updated} title=${fullTime(new Date(updated))}>${t('documents.updated', { time: moment(new Date(updated)) })}</time>`,
    /^https?:/.test(origin?.url ?? '') && html`<a href=${origin.url} target="_blank" rel="noopener noreferrer">${hostOf(origin.url)}</a>`,
    html`<${DocumentState} document=${document} />`,
  ];
  return facts.filter(Boolean).map((fact) => html`<span>${fact}</span>`);
}

function hostOf(url) {
  try {
    return new URL(url).hostname;
  } catch {
    return url;
  }
}

/** Switches the passage that is shown off and on, and leads to those that are off. */
function Passages({ app, document: { id, ranges }, range, changed }) {
  const off = ranges.filter(({ unused }) => unused);
  if (!range && off.length === 0) return null;
  const set = () => app.attempt(() => app.usePassage(id, range.passage, Boolean(range.unused)).then(changed));
  return html`
    <p class="reader-passages" data-testid="reader-passages">
      ${range && html`<button type="button" class="link" data-testid="passage-switch" aria-pressed=${Boolean(range.unused)} title=${t('passage.off-means')}
        onClick=${set}>${t(range.unused ? 'passage.on' : 'passage.off')}</button>`}
      ${off.length > 0 && html`<span>${t('passage.are-off')} ${off.map(({ chunk }) => {
        const part = { name: 'read', id, chunk };
        return html`<a href=${documentsPath(part)} onClick=${insidePage(() => app.openDocuments(part))}>${chunk + 1}</a> `;
      })}</span>`}
    </p>
  `;
}

function Pages({ document: { text, language, ranges }, range }) {
  const unused = ranges.filter((one) => one.unused);
  const element = useRef(null);
  const pages = useMemo(() => blocksOf(text), [text]);
  useLayoutEffect(() => {
    // Pages out of sight have no true height before they are drawn; the second look is at the true place.
    const show = () => element.current?.querySelector('mark')?.scrollIntoView({ block: 'center' });
    show();
    const later = requestAnimationFrame(() => requestAnimationFrame(show));
    return () => cancelAnimationFrame(later);
  }, [range?.start, text]);
  return html`
    <article class="reader-text" ref=${element} lang=${language === 'other' ? undefined : language} data-testid="reader-text" tabindex="0">
      ${pages.map((blocks, index) => html`
        <section key=${index} class="reader-page" aria-label=${pages.length > 1 ? t('source.page', { n: index + 1 }) : undefined} data-page=${index + 1}>
          ${pages.length > 1 && html`<div class="page-number">${t('source.page', { n: index + 1 })}</div>`}
          ${blocks.map((block) => html`<${Block} block=${block} range=${range} unused=${unused} />`)}
        </section>`)}
    </article>
  `;
}

// Under the page's own two headings those of the text begin with the third level.
function Block({ block, range, unused }) {
  const marks = marksIn(block, range);
  const isUnused = unused.some(({ start, end }) => start <= block.start && block.start + block.text.trimEnd().length <= end);
  if (!block.level) return html`<p class=${isUnused ? 'unused' : undefined}><${Cited} text=${block.text} marks=${marks} /></p>`;
  const Heading = `h${Math.min(6, block.level + 2)}`;
  return html`<${Heading} class="level-${block.level}"><${Cited} ...${plainHeading(block.text, marks)} /><//>`;
}

const Cited = ({ text, marks }) =>
  segments(text, marks).map((part) => (part.marked ? html`<mark class="cited" data-testid="cited">${part.text}</mark>` : part.text));
