// Deleting a document, which cannot be taken back and therefore is asked for twice.

import { t } from '../../i18n.js';
import { notify, openDialog } from '../../ui.js';

/** `done()` when it is gone; `isGoing.current` says that it may be gone already. */
export function removeDocument(app, { id, title }, done, isGoing = {}) {
  openDialog('confirm', {
    title: t('documents.delete-this', { title }),
    text: t('documents.delete-means'),
    label: t('documents.delete'),
    act: async () => {
      isGoing.current = true;
      await app.deleteDocument(id).catch((error) => {
        isGoing.current = false;
        throw error;
      });
      notify(t('documents.was-deleted'), { kind: 'done' });
      done();
    },
  });
}
