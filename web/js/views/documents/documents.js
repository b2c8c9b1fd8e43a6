// The documents: what the bot answers from. List, adding, reading, correcting.

import { Shelf } from '../../documents/shelf.js';
import { html, useEffect, useRef, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { leave } from '../../leaving.js';
import { Icon } from '../icons.js';
import { stylesOf } from '../lazy.js';
import { PageHeader } from '../page_header.js';
import { AddDocument } from './add_document.js';
import { DocumentList } from './document_list.js';
import { EditDocument } from './edit_document.js';
import { Questions } from './questions.js';
import { Reader } from './reader.js';
import { Trial } from './trial.js';
import { Uploads } from './uploads.js';

export const loadStyles = () => stylesOf('pages', 'documents');

export function Documents({ app, part }) {
  const shelf = useShelf(app);
  const uploads = useRef(null);
  uploads.current ??= new Uploads(app, shelf);
  const picked = useSignal(null);
  // One file is looked at before it is stored; of many that would be tedious.
  const take = (files) => {
    if (files.length === 1) {
      leave(() => {
        [picked.value] = files;
        app.openDocuments({ name: 'add' });
      });
    } else if (files.length > 1) {
      uploads.current.add(files);
      app.openDocuments();
    }
  };
  const drop = useDrop(app.may('manage_documents') && part.name !== 'edit' ? take : null);
  return html`
    <main class="documents ${drop.over ? 'drop-over' : ''}" data-testid="documents" ...${drop.handlers}>
      <${Header} app=${app} part=${part} />
      ${part.name === 'list' && html`<${DocumentList} app=${app} shelf=${shelf} uploads=${uploads.current} take=${take} />`}
      ${part.name === 'add' && html`<${AddDocument} app=${app} shelf=${shelf} picked=${picked} take=${take} />`}
      ${part.name === 'try' && html`<${Trial} key=${part.question} app=${app} given=${part.question} />`}
      ${part.name === 'questions' && html`<${Questions} app=${app} shelf=${shelf} />`}
      ${part.name === 'read' && html`<${Reader} key=${part.id} app=${app} shelf=${shelf} id=${part.id} chunk=${part.chunk} />`}
      ${part.name === 'edit' && html`<${EditDocument} key=${part.id} app=${app} shelf=${shelf} id=${part.id} />`}
      ${drop.over && html`<div class="drop-veil"><${Icon} name="upload" />${t('documents.drop-here')}</div>`}
    </main>
  `;
}

// What is known stays known while one looks at a single document.
function useShelf(app) {
  const kept = useRef(null);
  kept.current ??= new Shelf({ fetch: app.fetchDocuments, fetchCollections: app.fetchCollections, isSeen: () => !document.hidden });
  const shelf = kept.current;
  useEffect(() => {
    const refresh = () => document.hidden || shelf.refresh();
    document.addEventListener('visibilitychange', refresh);
    shelf.refresh();
    shelf.refreshCollections();
    return () => {
      document.removeEventListener('visibilitychange', refresh);
      shelf.stop();
    };
  }, []);
  return shelf;
}

const Header = ({ app, part }) => html`
  <${PageHeader} app=${app} place="documents" part=${part} title=${t('documents.title')}>
    <span class="spacer"></span>
    ${app.may('manage_documents') && part.name === 'list' && html`
      <button type="button" class="primary" data-testid="document-add" onClick=${() => app.openDocuments({ name: 'add' })}>${t('documents.add')}</button>`}
  <//>
`;

// Files that are dropped anywhere on the page. Leaving one element for another inside
// is told as leaving, so what is entered and left is counted.
function useDrop(take) {
  const over = useSignal(0);
  if (!take) return { over: false, handlers: {} };
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
  const handlers = {
    onDragEnter: (event) => hasFiles(event) && (over.value += 1),
    onDragLeave: (event) => hasFiles(event) && (over.value = Math.max(0, over.value - 1)),
    onDragOver: (event) => hasFiles(event) && event.preventDefault(),
    onDrop: (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      over.value = 0;
      take([...event.dataTransfer.files]);
    },
  };
  return { over: over.value > 0, handlers };
}
