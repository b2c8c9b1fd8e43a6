// The line above the messages: which room, what it is about, who is here, and its settings.

import { html } from '../html.js';
import { locale, t } from '../i18n.js';
import { isDirect } from '../router.js';
import { openDialog, openSearch, panel, togglePanel } from '../ui.js';
import { Icon } from './icons.js';
import { RoomsButton } from './page_header.js';

export function RoomHeader({ app, name }) {
  const room = app.chat.room(name);
  const { kind, topic, archived } = room.about ?? {};
  const shared = app.isShared(name) && !room.problem;
  return html`
    <header class="room-header">
      <${RoomsButton} app=${app} />
      <h1>${kind === 'closed' && html`<${Icon} name="lock" />`}<span data-testid="room-title">${app.titleOf(name)}</span></h1>
      ${kind === 'closed' && html`<span class="unseen">${t('room.kind-closed')}</span>`}
      ${archived && html`<span class="tag" data-testid="room-archived">${t('room.archived')}</span>`}
      ${topic && html`<p class="topic" data-testid="room-topic" title=${topic}>${topic}</p>`}
      <span class="spacer"></span>
      ${shared && app.mayManage(name) && !isDirect(name) && html`<${BotSetting} app=${app} name=${name} bot=${room.bot} />`}
      ${shared && (app.mayManage(name) || kind === 'closed') && html`
        <button type="button" class="tool" data-testid="room-settings" aria-label=${t('room-settings.title')} title=${t('room-settings.title')}
          onClick=${() => openDialog('room-settings', { room: name })}><${Icon} name="settings" /></button>`}
      <button type="button" class="tool only-narrow" data-testid="search-open-narrow" aria-label=${t('search.open')} title=${t('search.open')}
        onClick=${() => openSearch()}><${Icon} name="search" /></button>
      ${shared && html`
        <button type="button" class="tool wide" data-testid="people" aria-pressed=${panel.value === 'people'}
          aria-label=${t('people.here', { n: room.count })} title=${t('people.title')} onClick=${() => togglePanel('people')}>
          <${Icon} name="people" /><span data-testid="people-count" data-count=${room.count}>${t('people.count', { n: room.count })}</span>
        </button>`}
      <button type="button" class="tool" data-testid="jobs" aria-pressed=${panel.value === 'jobs'} aria-label=${t('jobs.title')}
        title=${t('jobs.title')} onClick=${() => togglePanel('jobs')}><${Icon} name="jobs" /></button>
    </header>
  `;
}

// An option that is made anew with each language keeps its value when its words change.
const BotSetting = ({ app, name, bot }) => html`
  <label class="bot-setting">
    <span>${t('bot.setting')}</span>
    <select key=${locale.value} data-testid="bot-setting" value=${bot} onChange=${(event) => app.setBot(name, event.target.value)}>
      ${['always', 'mention', 'never'].map((mode) => html`
        <option value=${mode} selected=${mode === bot}>${t(`bot.${mode}`)}</option>`)}
    </select>
  </label>
`;
