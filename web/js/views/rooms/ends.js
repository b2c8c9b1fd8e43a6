// The end of a room: archived, which can be taken back, or deleted. Both are asked for.

import { t } from '../../i18n.js';
import { notify, openDialog, undoing } from '../../ui.js';

/** Archives a room, or brings it back; `done()` once that has happened. */
export function askToArchive(app, { name, title, archived = false }, done = () => {}) {
  const key = archived ? 'restore' : 'archive';
  openDialog('confirm', {
    title: t(`room-settings.${key}-this`, { room: title ?? name }),
    text: t(`room-settings.${key}-means`),
    label: t(`room-settings.${key}`),
    act: async () => {
      const change = async (wanted) => {
        await app.changeRoom(name, { archived: wanted });
        done();
      };
      await change(!archived);
      notify(t(`room-settings.was-${key}d`, { room: title ?? name }), { kind: 'done', action: undoing(() => app.attempt(() => change(archived))) });
    },
  });
}

/** Deletes a room; `done()` once it is gone. */
export function askToDelete(app, { name, title }, done = () => {}) {
  openDialog('confirm', {
    title: t('room-settings.delete-this', { room: title ?? name }),
    text: t('room-settings.delete-means'),
    label: t('room-settings.delete'),
    act: async () => {
      await app.deleteRoom(name);
      notify(t('room-settings.was-deleted', { room: title ?? name }), { kind: 'done' });
      done();
    },
  });
}
