// The jobs one asked for, in every room, or everybody's for those who may see them.

import { html, useEffect } from '../html.js';
import { duration, t } from '../i18n.js';
import { BOT_ROOM } from '../chat.js';
import { hasEnded, waitsForItsTime } from '../job_states.js';
import { Cancel, DetailsLink, dueText, Elapsed, Progress } from './job_card.js';
import { insidePage } from './links.js';
import { Panel } from './panel.js';

// Jobs in rooms that this page has not joined tell it nothing by themselves.
const REFRESH = 5_000;

export function JobsPanel({ app }) {
  useEffect(() => {
    app.refreshJobs();
    const timer = setInterval(() => app.refreshJobs(), REFRESH);
    return () => clearInterval(timer);
  }, []);
  const jobs = app.jobs.value;
  return html`
    <${Panel} title=${t(app.may('see_every_job') ? 'jobs.title-all' : 'jobs.title')}>
      ${jobs === null && html`<p class="nothing" role="status">${t('list.loading')}</p>`}
      ${jobs?.length === 0 && html`<p class="nothing">${t('jobs.none')}</p>`}
      <a class="link" href="/jobs" onClick=${insidePage(() => app.openDashboard())}>${t('dashboard.open')}</a>
      <ul class="jobs">${jobs?.map((job) => html`<${Job} key=${job.id} app=${app} job=${job} />`)}</ul>
    <//>
  `;
}

function Job({ app, job }) {
  const unfinished = !hasEnded(job);
  const place = app.titleOf(job.room);
  return html`
    <li class="job" data-testid="job" data-job=${job.id} data-state=${job.state}>
      <div class="job-line">
        <${DetailsLink} app=${app} job=${job}><code>${job.line}</code><//>
        ${unfinished && html`<${Cancel} app=${app} job=${job} />`}
      </div>
      ${unfinished && !waitsForItsTime(job) && html`<${Progress} job=${job} />`}
      <div class="job-detail">
        <span class="job-state" data-state=${job.state}>${t(`job.${job.state}`)}</span>
        ${waitsForItsTime(job) && html`<span>${dueText(job)}</span>`}
        ${unfinished && !waitsForItsTime(job) && html`<${Elapsed} since=${job.started_at ?? job.created_at} skew=${app.clockSkew()} />`}
        ${job.finished_at && job.started_at && html`<span>${duration(new Date(job.finished_at) - new Date(job.started_at))}</span>`}
        ${app.isShared(job.room) || job.room === BOT_ROOM
          ? html`<a href=${app.pathOf(job.room)} onClick=${insidePage(() => app.openRoom(job.room))}>${place}</a>`
          : html`<span>${t('jobs.private')}</span>`}
        ${app.may('see_every_job') && html`<span>${job.handle}</span>`}
      </div>
    </li>
  `;
}
