// Messages that wait for approval, for those who decide about them.

import { html, useEffect } from '../../html.js';
import { day, fullTime, t } from '../../i18n.js';
import { openDialog } from '../../ui.js';
import { insidePage } from '../links.js';
import { Quoted } from '../moderation/quoted.js';

export function Held({ app }) {
  const held = app.held.value;
  useEffect(() => void app.refreshReports(), []);
  return html`
    <div class="page-body">
      ${held === null && html`<p class="nothing" role="status">${t('list.loading')}</p>`}
      ${held?.length === 0 && html`<p class="nothing" data-testid="held-nothing">${t('held.none')}</p>`}
      <ul class="reports">${held?.map((message) => html`<${Waiting} key=${message.held} app=${app} message=${message} />`)}</ul>
    </div>
  `;
}

function Waiting({ app, message }) {
  const { room, held, handle, reason, found, timestamp, expires_at: expires } = message;
  const trust = () => openDialog('confirm', {
    title: t('held.trust-this', { name: handle }),
    text: t('held.trust-means'),
    label: t('held.trust'),
    act: () => app.approve(held, { trust: true }),
  });
  return html`
    <li class="report" data-testid="held" data-room=${room}>
      <p class="report-where"><a href=${app.pathOf(room)} onClick=${insidePage(() => app.openRoom(room))}>${app.titleOf(room)}</a></p>
      <${Quoted} message=${{ role: 'user', ...message }} />
      <p class="report-by"><time datetime=${timestamp} title=${fullTime(new Date(timestamp))}>${day(new Date(timestamp))}</time>
        <span>${t(`held.because-${reason}`, { found: found ?? '' })}</span> <span class="soft">${t('held.until', { time: day(new Date(expires)) })}</span></p>
      <div class="report-act">
        <button type="button" class="primary" data-testid="held-approve" aria-label=${t('held.approve-this', { name: handle })} onClick=${() => app.approve(held)}>${t('held.approve')}</button>
        <button type="button" class="secondary" data-testid="held-reject" aria-label=${t('held.reject-this', { name: handle })} onClick=${() => app.reject(held)}>${t('held.reject')}</button>
        <button type="button" class="secondary" data-testid="held-trust" onClick=${trust}>${t('held.approve-and-trust')}</button>
      </div>
    </li>
  `;
}
