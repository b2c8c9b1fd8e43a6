// What stands where nothing has been said yet: the bot's greeting, or an empty
// room, with a few things to try.

import { asCommand } from '../commands.js';
import { html } from '../html.js';
import { t } from '../i18n.js';
import { BotFace } from './icons.js';
import { Text } from './text.js';

const TRIED_AT_ONCE = 3;

export const Greeting = ({ app, room, text }) => html`
  <div class="greeting" data-testid="greeting">
    <${BotFace} />
    <div class="text"><${Text} source=${text} /></div>
    ${!app.isShared(room) && html`<${ThingsToTry} app=${app} />`}
  </div>
`;

export const EmptyRoom = ({ app, room: { bot, mayPost } }) => html`
  <div class="empty-room">
    <p class="empty-title">${t('room.empty')}</p>
    ${mayPost && html`<p>${t(`room.empty-bot.${bot}`)}</p>`}
    ${mayPost && bot !== 'never' && html`<${ThingsToTry} app=${app} />`}
  </div>
`;

function ThingsToTry({ app }) {
  const examples = app.chat.commands.value.filter(({ example }) => example).map(({ example }) => asCommand(example));
  if (examples.length === 0) return null;
  return html`
    <div class="try" role="group" aria-label=${t('greeting.try')}>
      ${examples.slice(0, TRIED_AT_ONCE).map((example) => html`
        <button type="button" class="example" onClick=${() => app.post(example)}>${example}</button>`)}
    </div>
  `;
}
