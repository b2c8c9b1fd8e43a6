// A job that is being worked on, where it was asked for. Its answer takes the place.

import { toRepeat } from '../commands.js';
import { html } from '../html.js';
import { elapsed, moment, percent, t } from '../i18n.js';
import { hasEnded, mayBeRetried, waitsForItsTime } from '../job_states.js';
import { dashboardPath } from '../router.js';
import { streamedText } from '../room.js';
import { useNow } from './clock.js';
import { Icon } from './icons.js';
import { insidePage } from './links.js';
import { AnswerSoFar } from './text.js';

export function JobCard({ app, job }) {
  const unfinished = !hasEnded(job);
  const own = app.mayCancel(job);
  const streamed = streamedText(job);
  return html`
    <div class="job-card" data-key="job ${job.id}" data-testid="job-card" data-job=${job.id} data-state=${job.state}>
      <div class="job-line">
        <code>${job.line}</code>
        <span class="job-state" data-state=${job.state}>${stateOf(job)}</span>
        ${unfinished && !waitsForItsTime(job) && html`<${Elapsed} since=${job.started_at ?? job.created_at} skew=${app.clockSkew()} />`}
        ${own && html`<${DetailsLink} app=${app} job=${job}>${t('job.details')}<//>`}
        ${own && unfinished && html`<${Cancel} app=${app} job=${job} />`}
        <${Again} app=${app} job=${job} shown=${mayBeRetried(job)} />
      </div>
      ${!waitsForItsTime(job) && html`<${Progress} job=${job} />`}
      ${streamed ? html`<div class="text streamed"><${AnswerSoFar} job=${job} source=${streamed} /></div>` : html`<${Detail} job=${job} />`}
    </div>
  `;
}

function stateOf({ state, progress }) {
  return state === 'running' && typeof progress === 'number' ? percent(progress) : t(`job.${state}`);
}

function Detail({ job }) {
  const text = [waitsForItsTime(job) && dueText(job), job.error?.message ?? job.text].filter(Boolean).join(' · ');
  return text ? html`<div class="job-detail">${text}</div>` : null;
}

/** When a job that waits for its time goes on. */
export function dueText({ state, due_at: due }) {
  return due ? t(state === 'retrying' ? 'job.next-attempt' : 'job.starts', { time: moment(new Date(due)) }) : t(`job.${state}`);
}

export function Progress({ job }) {
  const known = typeof job.progress === 'number';
  const full = job.state === 'completed' ? 100 : job.progress;
  // Without a value the bar tells screen readers, too, that the end is not known.
  return html`
    <div class="progress ${known || job.state !== 'running' ? '' : 'unknown'}" data-state=${job.state} role="progressbar"
      aria-label=${t('job.progress', { line: job.line })} aria-valuemin="0" aria-valuemax="100"
      aria-valuenow=${known ? full : undefined} aria-valuetext=${known ? percent(full) : t(`job.${job.state}`)}>
      <span style=${{ width: `${full ?? 0}%` }}></span>
    </div>
  `;
}

export function Elapsed({ since, skew }) {
  const now = useNow();
  return html`<span class="elapsed">${elapsed(now + skew - new Date(since))}</span>`;
}

export const DetailsLink = ({ app, job, children }) => {
  const part = { name: 'job', id: job.id };
  return html`
    <a class="link" href=${dashboardPath(part)} data-testid="job-details" onClick=${insidePage(() => app.openDashboard(part))}>${children}</a>
  `;
};

export const Cancel = ({ app, job }) => html`
  <button type="button" class="link" data-testid="job-cancel" aria-label=${t('job.cancel-this', { line: job.line })}
    onClick=${() => app.cancelJob(job)}>${t('job.cancel')}</button>
`;

function Again({ app, job, shown }) {
  const line = app.chat.room(job.room).at(job.seq)?.message || toRepeat(job.line);
  if (!shown || !line) return null;
  return html`
    <button type="button" class="link" onClick=${() => app.post(line)}><${Icon} name="again" />${t('job.again')}</button>
  `;
}
