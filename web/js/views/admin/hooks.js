// Where other programs post to rooms, and where the server tells other programs what happens.

import { html } from '../../html.js';
import { day, fullTime, listOf, moment, t } from '../../i18n.js';
import { dashboardPath } from '../../router.js';
import { openDialog } from '../../ui.js';
import { insidePage } from '../links.js';
import { ShortListState, useShortList } from '../short_list.js';

export function Hooks({ app }) {
  const hooks = useShortList(app.fetchHooks, app.dropHook);
  const webhooks = useShortList(() => app.fetchWebhooks().then((found) => found.map((one) => ({ ...one, id: one.name }))), () => {});
  return html`
    <div class="page-body">
      <section class="admin-part" aria-labelledby="hooks-title">
        <h3 id="hooks-title">${t('hooks.title')}</h3>
        <p class="soft">${t('hooks.help')}</p>
        <${ShortListState} list=${hooks} testid="hooks-nothing" empty=${t('hooks.none')} />
        <ul class="admin-list">${hooks.items?.map((hook) => html`<${Hook} key=${hook.id} app=${app} hook=${hook} drop=${() => hooks.drop(hook)} changed=${hooks.refresh} />`)}</ul>
        <button type="button" class="secondary" data-testid="hook-new" onClick=${() => openDialog('new-hook', { made: hooks.refresh })}>${t('hooks.new')}</button>
      </section>
      <section class="admin-part" aria-labelledby="webhooks-title">
        <h3 id="webhooks-title">${t('webhooks.title')}</h3>
        <p class="soft">${t('webhooks.help')}</p>
        <${ShortListState} list=${webhooks} testid="webhooks-nothing" empty=${t('webhooks.none')} />
        <ul class="admin-list">${webhooks.items?.map((webhook) => html`<${Webhook} key=${webhook.name} app=${app} webhook=${webhook} />`)}</ul>
      </section>
    </div>
  `;
}

const Hook = ({ app, hook, drop, changed }) => {
  const { name, room, created_at: created, last_used_at: used, template, template_failure: failure } = hook;
  return html`
    <li data-testid="hook" data-name=${name}>
      <div class="admin-what">
        <span><b>${name}</b> → ${app.titleOf(room)}${template && html` <span class="tag">${t('hooks.own-template')}</span>`}</span>
        <span class="soft">${used ? html`<${Time} at=${used} words="tokens.used" />` : t('tokens.never-used')} · <${Time} at=${created} words="hooks.made" /></span>
        ${failure && html`<span class="problem" data-testid="hook-failure" title=${fullTime(new Date(failure.at))}>${t('hooks.template-failed', { problem: failure.problem })}</span>`}
      </div>
      <button type="button" class="link" data-testid="hook-template-open" aria-label=${t('hooks.template-of', { name })}
        onClick=${() => openDialog('hook-template', { hook, changed })}>${t('hooks.template')}</button>
      <button type="button" class="link" data-testid="hook-delete" aria-label=${t('hooks.delete-this', { name })} onClick=${drop}>${t('hooks.delete')}</button>
    </li>
  `;
};

const Time = ({ at, words }) => html`<time datetime=${at} title=${fullTime(new Date(at))}>${t(words, { time: day(new Date(at)) })}</time>`;

function Webhook({ app, webhook: { name, host, events, room, filtered, signed, last, delivered, retrying, failed } }) {
  const facts = [
    listOf(events.map((event) => t(`webhooks.event-${event}`))),
    room ? t('tokens.rooms', { rooms: app.titleOf(room) }) : t('webhooks.everywhere'),
    filtered && t('webhooks.filtered'),
    signed && t('webhooks.signed'),
  ];
  const counts = [
    delivered > 0 && t('webhooks.delivered', { n: delivered }),
    retrying > 0 && t('webhooks.retrying', { n: retrying }),
    failed > 0 && t('webhooks.failed', { n: failed }),
  ];
  return html`
    <li data-testid="webhook" data-name=${name}>
      <div class="admin-what">
        <span><b>${name}</b> → ${host}</span>
        <span class="soft">${facts.filter(Boolean).join(' · ')}</span>
        <span class="soft">${last ? html`<${Last} app=${app} last=${last} />` : t('webhooks.never')}</span>
        ${counts.some(Boolean) && html`<span class="soft">${t('webhooks.newest')} ${counts.filter(Boolean).join(' · ')}</span>`}
      </div>
    </li>
  `;
}

function Last({ app, last: { id, state, at, error } }) {
  const part = { name: 'job', id };
  return html`<a href=${dashboardPath(part)} onClick=${insidePage(() => app.openDashboard(part))}><time datetime=${at} title=${fullTime(new Date(at))}>${t('webhooks.last', { time: moment(new Date(at)) })}</time></a>
    ${' '}${t(`job.${state}`)}${error && html`: <span class="problem">${error}</span>`}`;
}
