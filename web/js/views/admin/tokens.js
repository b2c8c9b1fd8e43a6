// The tokens of everybody's programs: whose they are, what they may, and when they were used.

import { mayChange } from '../../accounts/roles.js';
import { html } from '../../html.js';
import { day, fullTime, listOf, t } from '../../i18n.js';
import { notify, openDialog } from '../../ui.js';
import { Listed, More, usePagedList } from '../paged_list.js';

// The server goes on behind an account.
const accountOf = (id) => id.split('/')[0];

export function Tokens({ app }) {
  const list = usePagedList(({ after, limit }) => app.fetchAllTokens({ limit, after: after && accountOf(after) })
    .then(({ tokens, more }) => ({ items: tokens.map((token) => ({ ...token, token: token.id, id: `${token.account}/${token.id}` })), more })));
  return html`
    <div class="page-body">
      <p class="soft">${t('admin-tokens.help')}</p>
      <${Listed} list=${list}>
        ${list.items.value?.length === 0 && html`<p class="nothing" role="status" data-testid="admin-tokens-nothing">${t('admin-tokens.none')}</p>`}
        <ul class="admin-list">${list.items.value?.map((token) => html`<${Token} key=${token.id} app=${app} token=${token} refresh=${() => list.refresh()} />`)}</ul>
        <${More} list=${list} testid="admin-tokens-more" words=${t('admin-tokens.more')} />
      <//>
    </div>
  `;
}

function Token({ app, token, refresh }) {
  const { name, owner, role, scopes, rooms, expires_at: expires, last_used_at: used } = token;
  const revoke = () => openDialog('confirm', {
    title: t('admin-tokens.revoke-title', { name }),
    text: t('admin-tokens.revoke-means', { owner }),
    label: t('tokens.revoke'),
    act: async () => {
      await app.revokeToken(token.account, token.token);
      notify(t('tokens.was-revoked'), { kind: 'done' });
      refresh();
    },
  });
  return html`
    <li data-testid="admin-token" data-name=${name}>
      <div class="admin-what">
        <span><b>${name}</b> · ${owner} <small>${t(`role.${role}`)}</small></span>
        <span class="soft">${listOf(scopes.map((scope) => t(`tokens.scope-${scope}`)))}${rooms && ` · ${t('tokens.rooms', { rooms: listOf(rooms.map(app.titleOf)) })}`}</span>
        <span class="soft">${used ? html`<${Time} at=${used} words="tokens.used" />` : t('tokens.never-used')}${' · '}
          ${expires ? html`<${Time} at=${expires} words="tokens.until" />` : t('tokens.no-end')}</span>
      </div>
      ${mayChange(app.chat.user.value.role, role) && html`
        <button type="button" class="link" data-testid="admin-token-revoke" aria-label=${t('tokens.revoke-this', { name })} onClick=${revoke}>${t('tokens.revoke')}</button>`}
    </li>
  `;
}

const Time = ({ at, words }) => html`<time datetime=${at} title=${fullTime(new Date(at))}>${t(words, { time: day(new Date(at)) })}</time>`;
