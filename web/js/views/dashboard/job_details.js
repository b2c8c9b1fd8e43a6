// One job: where it stands, what happened to it, what it said, and what can be done.

import { BOT_ROOM } from '../../chat.js';
import { Details } from '../../dashboard/details.js';
import { html, useEffect, useRef } from '../../html.js';
import { clockTimeExact, fullTime, moment, number, t } from '../../i18n.js';
import { hasEnded, mayBeRetried, waitsForItsTime } from '../../job_states.js';
import { dashboardPath } from '../../router.js';
import { streamedText } from '../../room.js';
import { openDialog } from '../../ui.js';
import { dueText, Progress } from '../job_card.js';
import { Icon } from '../icons.js';
import { insidePage } from '../links.js';
import { AnswerSoFar, Text } from '../text.js';
import { Duration, State } from './job_table.js';

export function JobDetails({ app, board, id }) {
  const details = useDetails(app, id);
  const job = details.job.value;
  return html`
    <div class="page-body details" data-testid="details">
      <a class="link back" href=${dashboardPath()} data-testid="details-back" onClick=${insidePage(() => app.openDashboard())}>
        <${Icon} name="back" />${t('dashboard.title')}</a>
      ${details.problem.value && html`<p class="nothing problem" role="alert">${details.problem.value}</p>`}
      ${job === null && !details.problem.value && html`<p class="nothing" role="status">${t('list.loading')}</p>`}
      ${job && html`<${Job} app=${app} board=${board} job=${job} />`}
    </div>
  `;
}

function useDetails(app, id) {
  const kept = useRef(null);
  kept.current ??= new Details(() => app.fetchJob(id));
  const details = kept.current;
  useEffect(() => {
    const stop = app.chat.watchJobs({
      began: () => details.refresh(),
      changed: (job) => job.id === id && details.changed(job),
    });
    details.refresh();
    return () => {
      stop();
      details.stop();
    };
  }, []);
  return details;
}

const Job = ({ app, board, job }) => html`
  <header class="details-head">
    <h2><code>${job.line}</code></h2>
    <${State} state=${job.state} />
    <span class="spacer"></span>
    <${Actions} app=${app} board=${board} job=${job} />
  </header>
  ${!hasEnded(job) && !waitsForItsTime(job) && html`<div class="details-progress"><${Progress} job=${job} /><span>${job.text}</span></div>`}
  <div class="details-columns">
    <div>
      <${Answer} app=${app} job=${job} />
      ${job.log && html`<${Log} job=${job} />`}
    </div>
    <div>
      <${Facts} app=${app} job=${job} />
      <${Changes} job=${job} />
    </div>
  </div>
`;

function Actions({ app, board, job }) {
  if (!app.mayCancel(job)) return null;
  const action = (testid, words, act) => html`<button type="button" class="secondary" data-testid=${testid} onClick=${act}>${words}</button>`;
  const repeat = async () => {
    const started = await app.repeatJob(job);
    if (started) app.openDashboard({ name: 'job', id: started.id });
  };
  const drop = () => {
    app.dropJob(job, board.drop(job).restore);
    app.openDashboard();
  };
  return html`
    ${waitsForItsTime(job) && action('details-run-now', t('job.run-now'), () => app.retryJob(job))}
    ${mayBeRetried(job) && action('details-retry', t('job.retry'), () => app.retryJob(job))}
    ${job.state === 'completed' && action('details-again', t('job.run-again'), repeat)}
    ${app.may('moderate') && action('details-cancel-all', t('cancel-all.open'), () => openDialog('cancel-all', { job }))}
    ${hasEnded(job) ? action('details-drop', t('job.drop'), drop) : action('details-cancel', t('job.cancel'), () => app.cancelJob(job))}
  `;
}

// The room hears each piece as it comes; elsewhere what is fetched must do.
function Answer({ app, job }) {
  const live = app.chat.room(job.room)?.jobs.get(job.id);
  const fetched = job.partial?.text ?? '';
  const streamed = live ? streamedText(live) : '';
  const partial = streamed.length > fetched.length ? streamed : fetched;
  if (job.error) return html`<${Part} name="error"><p class="problem" data-testid="details-error">${job.error.message} <code>${job.error.code}</code></p><//>`;
  if (job.result) return html`<${Part} name="result"><div class="text" data-testid="details-result"><${Text} source=${job.result} /></div><//>`;
  if (partial && !hasEnded(job)) return html`<${Part} name="partial"><div class="text" data-testid="details-partial"><${AnswerSoFar} job=${job} source=${partial} /></div><//>`;
  return null;
}

const Part = ({ name, children }) => html`<section class="details-part"><h3>${t(`details.${name}`)}</h3>${children}</section>`;

// Only for admins: what a program says to whoever runs it may be secret.
function Log({ job: { log, attempt } }) {
  return html`
    <${Part} name="log">
      ${log.length === 0
        ? html`<p class="nothing">${t('details.log-empty')}</p>`
        : html`<ol class="log" data-testid="details-log" tabindex="0">
            ${log.map((line) => html`<li><time datetime=${line.at} title=${fullTime(new Date(line.at))}>${clockTimeExact(new Date(line.at))}</time>
              ${attempt > 1 && html`<span class="attempt" title=${t('details.attempt')}>${number(line.attempt)}</span>`}<span class="line">${line.text}</span></li>`)}
          </ol>`}
    <//>
  `;
}

function Facts({ app, job }) {
  const at = (time) => time && html`<time datetime=${time} title=${fullTime(new Date(time))}>${moment(new Date(time))}</time>`;
  const facts = [
    ['due', waitsForItsTime(job) && dueText(job)],
    ['who', job.handle],
    ['room', html`<${Place} app=${app} job=${job} />`],
    ['created', at(job.created_at)],
    ['started', at(job.started_at)],
    ['finished', at(job.finished_at)],
    ['duration', job.started_at && html`<${Duration} job=${job} skew=${app.clockSkew()} />`],
    ['attempt', job.attempt > 0 && (job.attempts > 1 ? t('details.attempt-of', { n: job.attempt, most: job.attempts }) : number(job.attempt))],
    ['schedule', job.schedule && html`<a href=${dashboardPath({ name: 'schedules' })} onClick=${insidePage(() => app.openDashboard({ name: 'schedules' }))}>${t('details.by-schedule')}</a>`],
    ['id', html`<code class="id">${job.id}</code>`],
  ];
  return html`
    <${Part} name="facts">
      <dl class="facts">${facts.filter(([, value]) => value).map(([name, value]) => html`<div data-fact=${name}><dt>${t(`details.${name}`)}</dt><dd>${value}</dd></div>`)}</dl>
    <//>
  `;
}

function Place({ app, job }) {
  const name = app.titleOf(job.room);
  const isOthers = job.room === BOT_ROOM && job.handle !== app.chat.user.value?.handle;
  if (isOthers || !job.seq) return name;
  return html`<a href=${app.pathOf(job.room)} data-testid="details-message"
    onClick=${insidePage(() => app.openRoom(job.room, { seq: job.seq }))}>${t('details.message', { room: name })}</a>`;
}

const Changes = ({ job: { changes = [] } }) => html`
  <${Part} name="changes">
    <ol class="changes" data-testid="details-changes">
      ${changes.map(({ at, state, reason }) => html`
        <li data-state=${state}><${State} state=${state} /><time datetime=${at} title=${fullTime(new Date(at))}>${clockTimeExact(new Date(at))}</time>
          ${reason && html`<p>${reason}</p>`}</li>`)}
    </ol>
  <//>
`;
