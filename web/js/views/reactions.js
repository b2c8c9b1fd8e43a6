// What people put on a message: emojis below it, and beside an answer how it is rated.

import { html } from '../html.js';
import { listOf, t } from '../i18n.js';
import { shownName } from '../names.js';
import { openMenu } from '../ui.js';
import { Icon } from './icons.js';

const RATINGS = [['👍', 'thumb-up', 'rating.good'], ['👎', 'thumb-down', 'rating.bad']];
const OFFERED = ['👍', '❤️', '😂', '🎉', '👀', '✅'];

const isAnswer = (message) => message.answered_by !== undefined;
const isRating = (emoji) => RATINGS.some(([rating]) => rating === emoji);

const byOf = (message, emoji) => message.reactions?.find((one) => one.emoji === emoji)?.by ?? [];
const isOwn = (app, by) => by.includes(app.chat.user.value?.handle);
const toggle = (app, room, message, emoji) => () => app.react(room.name, message.seq, emoji, !isOwn(app, byOf(message, emoji)));

export function Reactions({ app, room, message }) {
  const shown = (message.reactions ?? []).filter(({ emoji }) => !(isAnswer(message) && isRating(emoji)));
  if (shown.length === 0 || message.deleted) return null;
  return html`
    <ul class="reactions" aria-label=${t('reactions.title')}>
      ${shown.map(({ emoji, by }) => html`
        <li key=${emoji}><button type="button" class="reaction" data-testid="reaction" data-emoji=${emoji} aria-pressed=${isOwn(app, by)} disabled=${!room.mayReact}
          title=${listOf(by.map(shownName))} aria-label=${t('reactions.of', { emoji, n: by.length, names: listOf(by.map(shownName)) })}
          onClick=${toggle(app, room, message, emoji)}><span aria-hidden="true">${emoji}</span>${by.length}</button></li>`)}
    </ul>
  `;
}

/** How people rate the answer to a question. */
export function Rating({ app, room, message }) {
  if (!isAnswer(message) || !message.seq) return null;
  return html`
    <span class="rating" role="group" aria-label=${t('rating.title')}>
      ${RATINGS.map(([emoji, icon, words]) => {
        const by = byOf(message, emoji);
        return html`
          <button type="button" key=${emoji} class="tool" data-testid=${`rate-${icon}`} aria-pressed=${isOwn(app, by)} disabled=${!room.mayReact}
            aria-label=${t(words)} title=${by.length > 0 ? `${t(words)}: ${listOf(by.map(shownName))}` : t(words)}
            onClick=${toggle(app, room, message, emoji)}><${Icon} name=${icon} />${by.length > 0 && html`<span>${by.length}</span>`}</button>`;
      })}
    </span>
  `;
}

export function ReactTool({ app, room, message, tabindex }) {
  if (!room.mayReact) return null;
  const label = t('reactions.add');
  const items = OFFERED.map((emoji) => ({ name: emoji, words: emoji, act: toggle(app, room, message, emoji) }));
  return html`
    <button type="button" class="tool" data-testid="message-react" tabindex=${tabindex} aria-haspopup="menu" aria-label=${label} title=${label}
      onClick=${({ currentTarget }) => openMenu(currentTarget, { label, items, look: 'emojis' })}><${Icon} name="smile" /></button>
  `;
}
