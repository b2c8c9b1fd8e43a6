// The document that has the content already which somebody is about to store once more.

import { html } from '../../html.js';
import { t } from '../../i18n.js';
import { documentsPath } from '../../router.js';
import { insidePage } from '../links.js';

export function KnownDocument({ app, id }) {
  if (!id) return null;
  const known = { name: 'read', id };
  return html`<a class="link" data-testid="known-document" href=${documentsPath(known)} onClick=${insidePage(() => app.openDocuments(known))}>${t('documents.show-known')}</a>`;
}
