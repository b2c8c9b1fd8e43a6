// What people reported, for those who decide about it.

import { html, useEffect } from '../../html.js';
import { day, fullTime, t } from '../../i18n.js';
import { shownName } from '../../names.js';
import { openDialog } from '../../ui.js';
import { insidePage } from '../links.js';
import { mayBeStopped } from '../message_actions.js';
import { Quoted } from '../moderation/quoted.js';

export function Reports({ app }) {
  const reports = app.reports.value;
  useEffect(() => void app.refreshReports(), []);
  return html`
    <div class="page-body">
      ${reports === null && html`<p class="nothing" role="status">${t('list.loading')}</p>`}
      ${reports?.length === 0 && html`<p class="nothing" data-testid="reports-nothing">${t('reports.none')}</p>`}
      <ul class="reports">${byMessage(reports ?? []).map((group) => html`<${Reported} key=${group[0].id} app=${app} reports=${group} />`)}</ul>
    </div>
  `;
}

/** A message that several people reported is decided about once. */
function byMessage(reports) {
  const groups = new Map();
  for (const report of reports) {
    const key = `${report.room} ${report.seq}`;
    groups.set(key, [...(groups.get(key) ?? []), report]);
  }
  return [...groups.values()];
}

function Reported({ app, reports }) {
  const [{ room, seq, message }] = reports;
  const settle = () => app.settleReports(reports.map(({ id }) => id));
  const remove = () => openDialog('confirm', {
    title: t('reports.delete-this', { name: shownName(message.handle) }),
    text: t('reports.delete-means'),
    label: t('reports.delete'),
    act: async () => {
      await app.deleteReported(room, seq);
      settle();
    },
  });
  return html`
    <li class="report" data-testid="report" data-room=${room} data-seq=${seq}>
      <p class="report-where"><a href=${app.pathOf(room)} data-testid="report-open" onClick=${insidePage(() => app.openRoom(room, { seq }))}>${app.titleOf(room)}</a></p>
      <${Quoted} message=${message} />
      <ul class="report-by">${reports.map((report) => html`<${Reporter} key=${report.id} report=${report} />`)}</ul>
      <div class="report-act">
        <button type="button" class="secondary" data-testid="report-settle" onClick=${settle}>${t('reports.settle')}</button>
        ${!message.deleted && html`<button type="button" class="secondary" data-testid="report-delete" onClick=${remove}>${t('reports.delete')}</button>`}
        ${mayBeStopped(app, message) && html`<button type="button" class="secondary" data-testid="report-stop"
          onClick=${() => openDialog('stop', { room, message, done: settle })}>${t('stop.do')}</button>`}
      </div>
    </li>
  `;
}

const Reporter = ({ report: { reporter, reason, at } }) => html`
  <li><b>${shownName(reporter)}</b> <time datetime=${at} title=${fullTime(new Date(at))}>${day(new Date(at))}</time>${reason && html`<span>${reason}</span>`}</li>
`;
