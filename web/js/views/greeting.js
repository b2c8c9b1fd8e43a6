// What stands where nothing has been said yet: the bot's greeting, or an empty
// room, with a few things to try.

import { asCommand, runsIn } from '../commands.js';
import { html } from '../html.js';
import { t } from '../i18n.js';
import { BotFace } from './icons.js';
import { Text } from './text.js';

const TRIED_AT_ONCE = 3;

export const Greeting = ({ app, room, text }) => html`
  <div class="greeting" data-testid="greeting">
    <${BotFace} />
    <div class="text"><${Text} source=${text} /></div>
    ${!app.isShared(room) && html`<${ThingsToTry} app=${app} room=${room} />`}
  </div>
`;

export const EmptyRoom = ({ app, room: { name, bot, mayPost } }) => html`
  <div class="empty-room">
    <p class="empty-title">${t('room.empty')}</p>
    ${mayPost && html`<p>${t(`room.empty-bot.${bot}`)}</p>`}
    ${mayPost && bot !== 'never' && html`<${ThingsToTry} app=${app} room=${name} />`}
  </div>
`;

function ThingsToTry({ app, room }) {
  const here = app.chat.commands.value.filter((command) => runsIn(room, command));
  const examples = here.filter(({ example }) => example).map(({ example }) => asCommand(example));
  if (examples.length === 0) return null;
  return html`
    <div class="try" role="group" aria-label=${t('greeting.try')}>
      ${examples.slice(0, TRIED_AT_ONCE).map((example) => html`
        <button type="button" class="example" onClick=${() => app.post(example)}>${example}</button>`)}
    </div>
  `;
}
