// The jobs, newest first, as they go.

import { html } from '../../html.js';
import { duration, elapsed, fullTime, percent, span, t } from '../../i18n.js';
import { hasEnded, mayBeRetried, waitsForItsTime } from '../../job_states.js';
import { EVERYTHING } from '../../dashboard/board.js';
import { useNow } from '../clock.js';
import { dashboardPath } from '../../router.js';
import { Cancel, dueText, Progress } from '../job_card.js';
import { Icon } from '../icons.js';
import { insidePage } from '../links.js';

const COLUMNS = ['state', 'command', 'who', 'room', 'age', 'duration', 'outlook'];

export function JobTable({ app, board }) {
  const jobs = board.jobs.value;
  if (jobs === null) return html`<${Unknown} board=${board} />`;
  if (jobs.length === 0 && !board.more.value) return html`<${Nothing} board=${board} />`;
  return html`
    <table class="table jobs-table" data-testid="jobs-table" aria-label=${t('jobs.title-all')}>
      <thead>
        <tr>${COLUMNS.map((name) => html`<th scope="col" class=${name}>${t(`column.${name}`)}</th>`)}<th class="act"><span class="unseen">${t('column.act')}</span></th></tr>
      </thead>
      <tbody onKeyDown=${moveBetweenRows}>
        ${jobs.map((job) => html`<${Row} key=${job.id} app=${app} job=${job} />`)}
      </tbody>
    </table>
    ${board.more.value && html`
      <button type="button" class="quiet-button" data-testid="jobs-more" onClick=${() => board.loadMore()}>${t('jobs.more')}</button>`}
  `;
}

const Unknown = ({ board }) =>
  board.failed.value
    ? html`<p class="nothing problem" role="alert">${t('error.network')}
        <button type="button" class="link" onClick=${() => board.refresh()}><${Icon} name="again" />${t('job.again')}</button></p>`
    : html`<p class="nothing" role="status">${t('list.loading')}</p>`;

function Nothing({ board }) {
  const filtered = Object.values(board.filter.value).some(Boolean);
  return html`
    <p class="nothing" role="status" data-testid="jobs-nothing">${t(filtered ? 'jobs.none-fits' : 'jobs.none')}
      ${filtered && html` <button type="button" class="link" onClick=${() => board.setFilter(EVERYTHING)}>${t('filter.clear')}</button>`}</p>
  `;
}

function Row({ app, job }) {
  const part = { name: 'job', id: job.id };
  const open = () => app.openDashboard(part);
  const openFromRow = (event) => {
    if (!event.target.closest('a, button') && getSelection().isCollapsed) open();
  };
  return html`
    <tr data-testid="job-row" data-job=${job.id} data-state=${job.state} onClick=${openFromRow}>
      <td class="state"><${State} state=${job.state} /></td>
      <td class="command"><a href=${dashboardPath(part)} data-testid="job-open" title=${job.line} onClick=${insidePage(open)}><code>${job.line}</code></a></td>
      <td class="who">${job.handle}</td>
      <td class="room">${app.titleOf(job.room)}</td>
      <td class="age"><${Age} since=${job.created_at} skew=${app.clockSkew()} /></td>
      <td class="duration"><${Duration} job=${job} skew=${app.clockSkew()} /></td>
      <td class="outlook"><${Outlook} job=${job} /></td>
      <td class="act"><${Act} app=${app} job=${job} /></td>
    </tr>
  `;
}

export const State = ({ state }) => html`<span class="state-mark" data-testid="job-state" data-state=${state}>${t(`job.${state}`)}</span>`;

function Age({ since, skew }) {
  const now = useNow();
  const at = new Date(since);
  return html`<time datetime=${since} title=${fullTime(at)}>${span(now + skew - at)}</time>`;
}

export function Duration({ job, skew }) {
  if (!job.started_at) return null;
  const began = new Date(job.started_at);
  if (job.state === 'running') return html`<${Running} since=${began - skew} />`;
  return job.finished_at ? duration(new Date(job.finished_at) - began) : null;
}

function Running({ since }) {
  return elapsed(useNow() - since);
}

// How far it is; what has ended says how, what waits says until when.
function Outlook({ job }) {
  if (waitsForItsTime(job)) return html`<span class="words">${dueText(job)}</span>`;
  if (job.state === 'queued') return null;
  if (job.state === 'running') return html`<span class="bar" title=${job.text}><${Progress} job=${job} />${typeof job.progress === 'number' && percent(job.progress)}</span>`;
  const words = job.error?.message ?? job.result;
  return words ? html`<span class="words" data-state=${job.state} title=${words}>${words}</span>` : null;
}

function Act({ app, job }) {
  if (!hasEnded(job)) return html`<${Cancel} app=${app} job=${job} />`;
  if (!mayBeRetried(job)) return null;
  return html`
    <button type="button" class="link" data-testid="job-retry" aria-label=${t('job.retry-this', { line: job.line })}
      onClick=${() => app.retryJob(job)}>${t('job.retry')}</button>
  `;
}

// With the arrow keys from job to job, as in any list.
function moveBetweenRows(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.altKey) return;
  const links = [...event.currentTarget.querySelectorAll('[data-testid="job-open"]')];
  const here = links.findIndex((link) => link.closest('tr').contains(document.activeElement));
  links[here + step]?.focus();
  event.preventDefault();
}
