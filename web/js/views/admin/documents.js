// All documents: where they are used, who added them and how large they are.

import { html } from '../../html.js';
import { dateOf, fullTime, t } from '../../i18n.js';
import { shownName } from '../../names.js';
import { documentsPath } from '../../router.js';
import { bytes } from '../../sizes.js';
import { removeDocument } from '../documents/remove.js';
import { insidePage } from '../links.js';
import { Listed, ListSearch, More, usePagedList } from '../paged_list.js';

export function Documents({ app }) {
  const list = usePagedList((query) => app.fetchDocuments(query).then(({ documents, more }) => ({ items: documents, more })));
  return html`
    <div class="page-body">
      <div class="filters" role="search"><${ListSearch} list=${list} id="admin-search" words=${t('documents.search')} /></div>
      <${Listed} list=${list}>
        ${list.items.value?.length === 0 && html`<p class="nothing" role="status" data-testid="admin-documents-nothing">${t(list.text.value ? 'documents.none-fits' : 'documents.empty')}</p>`}
        <ul class="admin-list">${list.items.value?.map((document) => html`<${Document} key=${document.id} app=${app} document=${document} refresh=${() => list.refresh()} />`)}</ul>
        <${More} list=${list} testid="admin-documents-more" words=${t('documents.more')} />
      <//>
    </div>
  `;
}

function Document({ app, document, refresh }) {
  const { id, title, room, by, chars, origin, created_at: created } = document;
  const part = { name: 'read', id };
  const size = origin.bytes ? bytes(origin.bytes) : t('admin-documents.chars', { n: chars });
  return html`
    <li data-testid="admin-document" data-document=${id}>
      <div class="admin-what">
        <a href=${documentsPath(part)} onClick=${insidePage(() => app.openDocuments(part))}>${title}</a>
        <span class="soft">${[size, room ? app.titleOf(room) : t('documents.everywhere')].join(' · ')} · <time datetime=${created} title=${fullTime(new Date(created))}>${t('admin-documents.by', { name: shownName(by), date: dateOf(new Date(created)) })}</time></span>
      </div>
      <button type="button" class="link" data-testid="admin-document-delete" aria-label=${t('documents.delete-this', { title })}
        onClick=${() => removeDocument(app, document, refresh)}>${t('documents.delete')}</button>
    </li>
  `;
}
