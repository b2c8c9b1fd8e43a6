// The tokens with which programs act for this account.

import { html } from '../../html.js';
import { day, fullTime, listOf, t } from '../../i18n.js';
import { openDialog } from '../../ui.js';
import { ShortListState, useShortList } from '../short_list.js';

export function Tokens({ app }) {
  const list = useShortList(app.fetchTokens, app.dropToken);
  return html`
    <section class="account-part" aria-labelledby="tokens-title">
      <h3 id="tokens-title">${t('tokens.title')}</h3>
      <p class="soft">${t('tokens.help')}</p>
      <${ShortListState} list=${list} testid="tokens-nothing" empty=${t('tokens.none')} />
      <ul class="tokens">${list.items?.map((token) => html`<${Token} key=${token.id} app=${app} token=${token} drop=${() => list.drop(token)} />`)}</ul>
      <button type="button" class="secondary" data-testid="token-new" onClick=${() => openDialog('new-token', { made: list.refresh })}>${t('tokens.new')}</button>
    </section>
  `;
}

function Token({ app, token: { name, scopes, rooms, expires_at: expires, last_used_at: used }, drop }) {
  return html`
    <li data-testid="token" data-name=${name}>
      <div class="token-what">
        <span>${name}</span>
        <span class="soft">${listOf(scopes.map((scope) => t(`tokens.scope-${scope}`)))}${rooms && ` · ${t('tokens.rooms', { rooms: listOf(rooms.map(app.titleOf)) })}`}</span>
        <span class="soft">${used ? html`<${Time} at=${used} words="tokens.used" />` : t('tokens.never-used')}${' · '}
          ${expires ? html`<${Time} at=${expires} words="tokens.until" />` : t('tokens.no-end')}</span>
      </div>
      <button type="button" class="link" data-testid="token-revoke" aria-label=${t('tokens.revoke-this', { name })} onClick=${drop}>${t('tokens.revoke')}</button>
    </li>
  `;
}

const Time = ({ at, words }) => html`<time datetime=${at} title=${fullTime(new Date(at))}>${t(words, { time: day(new Date(at)) })}</time>`;
