// What stands before the name of a room: its kind at a glance.

import { BOT_ROOM } from '../chat.js';
import { html } from '../html.js';
import { isDirect } from '../router.js';
import { Avatar } from './avatar.js';
import { BotFace, Icon } from './icons.js';

export function RoomSign({ app, name }) {
  if (name === BOT_ROOM) return html`<${BotFace} />`;
  if (isDirect(name)) return html`<${Avatar} handle=${app.titleOf(name)} role="user" />`;
  return html`<${Icon} name=${app.chat.about(name).kind === 'closed' ? 'lock' : 'room'} />`;
}
