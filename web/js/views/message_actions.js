// What can be done about somebody's message, beyond deleting it.

import { t } from '../i18n.js';
import { isDeleted } from '../names.js';
import { isDirect } from '../router.js';
import { openDialog } from '../ui.js';

const isOthers = (app, { handle }) => handle !== app.chat.user.value?.handle;

const isGuests = ({ role, author_role: account }) => role === 'user' && account === undefined;

/** Those who moderate are kept from nothing. */
export const mayBeStopped = (app, message) => isOthers(app, message) && message.role === 'user' && !isDeleted(message.handle) && [undefined, 'member'].includes(message.author_role);

/** `[{name, words, act()}]` for a message in a room, as far as this person may. */
export function actionsOn(app, room, message) {
  const { handle, seq } = message;
  const actions = [
    [app.mayWriteTo(message) && !isDirect(room.name), 'write-to', t('people.write-to', { name: handle }), () => app.writeTo(handle)],
    [isOthers(app, message), 'report', t('report.do'), () => openDialog('report', { room: room.name, message })],
    [app.may('moderate'), 'delete-following', t('message.delete-following'), () => app.deleteMessage(room.name, seq, { following: true })],
    [app.may('moderate') && mayBeStopped(app, message), 'stop', t('stop.do'), () => openDialog('stop', { room: room.name, message })],
    [app.may('manage_people') && isGuests(message), 'merge', t('merge.open-guest'), () => openDialog('merge', { whom: { room: room.name, seq }, who: handle })],
  ];
  return actions.filter(([isOffered]) => isOffered).map(([, name, words, act]) => ({ name, words, act }));
}
