// Correcting a document that is stored, or putting another file in its place.

import { html, useEffect, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { leave } from '../../leaving.js';
import { documentsPath } from '../../router.js';
import { notify } from '../../ui.js';
import { Icon } from '../icons.js';
import { insidePage } from '../links.js';
import { originalOf, usePreview } from './add_document.js';
import { DocumentForm } from './document_form.js';
import { FilePicker } from './file_picker.js';
import { UploadProgress } from './uploads.js';

export function EditDocument({ app, shelf, id }) {
  const stored = useSignal(null);
  const problem = useSignal(null);
  const preview = usePreview(app, shelf);
  useEffect(() => {
    app.fetchDocument(id).then((document) => { stored.value = document; }, (error) => { problem.value = error.message; });
  }, []);
  const back = () => app.openDocuments({ name: 'read', id });
  const replacement = preview.found.value;
  const save = async (fields) => {
    const { title } = await app.changeDocument(id, changeOf(stored.value, fields, replacement));
    notify(t('documents.was-stored', { title }), { kind: 'done' });
    shelf.refresh();
    return back;
  };
  if (!app.may('manage_documents')) return html`<div class="page-body"><p class="nothing" role="alert">${t('documents.not-allowed')}</p></div>`;
  return html`
    <div class="page-body document-page" data-testid="document-edit">
      <a class="link back" href=${documentsPath({ name: 'read', id })} onClick=${insidePage(back)}><${Icon} name="back" />${stored.value?.title ?? t('documents.title')}</a>
      ${problem.value && html`<p class="nothing problem" role="alert">${problem.value}</p>`}
      ${stored.value && html`
        <${DocumentForm} key=${preview.count()} app=${app} collections=${shelf.collections.value} label=${t('save')} save=${save} cancel=${back}
          document=${replacement ? { ...stored.value, ...contentOf(replacement) } : stored.value}>
          <${Replace} preview=${preview} />
        <//>`}
    </div>
  `;
}

// Title, author and room stay as they were given.
const contentOf = ({ text, kind, language, pages, chars, passages, origin }) => ({ text, kind, language, pages, chars, passages, origin });

function changeOf(stored, fields, replacement) {
  const change = Object.fromEntries(Object.entries(fields).filter(([name, value]) => value !== (stored[name] ?? '')));
  return replacement ? { ...change, text: fields.text, ...originalOf(replacement) } : change;
}

function Replace({ preview }) {
  const sending = preview.sending.value;
  return html`
    <div class="replace">
      ${sending ? html`<${UploadProgress} ...${sending} />` : html`<${FilePicker} take=${([file]) => file && leave(() => preview.ofFile(file))} label=${t('documents.replace')} multiple=${false} />`}
      <p class="soft">${t('documents.replace-means')}</p>
      ${preview.problem.value && html`<p class="problem" role="alert">${preview.problem.value}</p>`}
    </div>
  `;
}
