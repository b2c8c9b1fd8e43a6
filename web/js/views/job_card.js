// A job that is being worked on, where it was asked for. Its answer takes the place.

import { toRepeat } from '../commands.js';
import { html, signal, useEffect } from '../html.js';
import { elapsed, percent, t } from '../i18n.js';
import { streamedText } from '../room.js';
import { Icon } from './icons.js';
import { Text } from './text.js';

const now = signal(Date.now());

export function JobCard({ app, job }) {
  const unfinished = job.state === 'queued' || job.state === 'running';
  const streamed = streamedText(job);
  return html`
    <div class="job-card" data-key="job ${job.id}" data-testid="job-card" data-job=${job.id} data-state=${job.state}>
      <div class="job-line">
        <code>${job.line}</code>
        <span class="job-state">${stateOf(job)}</span>
        ${unfinished && html`<${Elapsed} since=${job.started_at ?? job.created_at} skew=${app.clockSkew()} />`}
        <${Cancel} app=${app} job=${job} shown=${unfinished} />
        <${Again} app=${app} job=${job} shown=${!unfinished && job.state !== 'completed'} />
      </div>
      <${Progress} job=${job} />
      ${streamed ? html`<div class="text streamed"><${Text} source=${streamed} /></div>` : html`<${Detail} job=${job} />`}
    </div>
  `;
}

function stateOf({ state, progress }) {
  return state === 'running' && typeof progress === 'number' ? percent(progress) : t(`job.${state}`);
}

function Detail({ job }) {
  const text = job.error?.message ?? job.text;
  return text ? html`<div class="job-detail">${text}</div>` : null;
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
  useEffect(() => {
    now.value = Date.now();
    const timer = setInterval(() => {
      now.value = Date.now();
    }, 1_000);
    return () => clearInterval(timer);
  }, []);
  return html`<span class="elapsed">${elapsed(now.value + skew - new Date(since))}</span>`;
}

export function Cancel({ app, job, shown }) {
  if (!shown || !app.mayCancel(job)) return null;
  return html`
    <button type="button" class="link" data-testid="job-cancel" aria-label=${t('job.cancel-this', { line: job.line })}
      onClick=${() => app.cancelJob(job)}>${t('job.cancel')}</button>
  `;
}

function Again({ app, job, shown }) {
  const line = app.chat.room(job.room).at(job.seq)?.message || toRepeat(job.line);
  if (!shown || !line) return null;
  return html`
    <button type="button" class="link" onClick=${() => app.post(line)}><${Icon} name="again" />${t('job.again')}</button>
  `;
}
