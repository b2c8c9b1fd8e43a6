// Deleting a document, which cannot be taken back and therefore is asked for twice.

import { t } from '../../i18n.js';
import { notify, openDialog } from '../../ui.js';

/** `done()` when it is gone. */
export function removeDocument(app, { id, title }, done) {
  openDialog('confirm', {
    title: t('documents.delete-this', { title }),
    text: t('documents.delete-means'),
    label: t('documents.delete'),
    act: async () => {
      await app.deleteDocument(id);
      notify(t('documents.was-deleted'), { kind: 'done' });
      done();
    },
  });
}
