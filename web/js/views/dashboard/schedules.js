// What will run by itself, once or again and again.

import { html, useEffect, useRef, useSignal } from '../../html.js';
import { fullTime, moment, span, t } from '../../i18n.js';
import { Refresher } from '../../refresher.js';
import { useNow } from '../clock.js';
import { DetailsLink } from '../job_card.js';

// A run that begins moves its schedule on; what nobody tells of comes in time.
const REFRESH_AFTER_CHANGE = 300;
const REFRESH = 30_000;

export function Schedules({ app }) {
  const { schedules, problem, refresh } = useSchedules(app);
  const drop = (schedule) => {
    schedules.value = schedules.value.filter(({ id }) => id !== schedule.id);
    app.dropSchedule(schedule, refresh);
  };
  const pause = async (schedule) => {
    await (schedule.paused ? app.resumeSchedule : app.pauseSchedule)(schedule);
    refresh();
  };
  return html`
    <div class="page-body">
      ${problem.value && html`<p class="nothing problem" role="alert">${problem.value}</p>`}
      ${schedules.value === null && !problem.value && html`<p class="nothing" role="status">${t('list.loading')}</p>`}
      ${schedules.value?.length === 0 && html`<p class="nothing" data-testid="schedules-nothing">${t('schedules.none')}</p>`}
      <ul class="schedules">
        ${schedules.value?.map((schedule) => html`
          <${Schedule} key=${schedule.id} app=${app} schedule=${schedule} pause=${() => pause(schedule)} drop=${() => drop(schedule)} />`)}
      </ul>
    </div>
  `;
}

function useSchedules(app) {
  const schedules = useSignal(null);
  const problem = useSignal(null);
  const refresher = useRef(null);
  refresher.current ??= new Refresher(async () => {
    try {
      schedules.value = await app.fetchSchedules();
      problem.value = null;
    } catch (error) {
      problem.value = error.message;
    }
    refresher.current.within(REFRESH);
  });
  useEffect(() => {
    const { current } = refresher;
    const changed = () => current.within(REFRESH_AFTER_CHANGE);
    const stop = app.chat.watchJobs({ began: changed, changed });
    current.now();
    return () => {
      stop();
      current.stop();
    };
  }, []);
  return { schedules, problem, refresh: () => refresher.current.now() };
}

function Schedule({ app, schedule, pause, drop }) {
  const { line, kind, pattern, time_zone: zone, room, handle, paused, job } = schedule;
  return html`
    <li class="schedule" data-testid="schedule" data-paused=${paused}>
      <div class="schedule-what">
        <code>${line}</code>
        <span class="schedule-when">${kind === 'every' ? html`<code>${pattern}</code>` : t('schedule.once')} · ${zone}</span>
      </div>
      <div class="schedule-next" data-testid="schedule-next"><${Next} schedule=${schedule} skew=${app.clockSkew()} /></div>
      <div class="schedule-who">${app.titleOf(room)}${app.may('see_every_job') && ` · ${handle}`}</div>
      <div class="schedule-act">
        ${job && html`<${DetailsLink} app=${app} job=${{ id: job }}>${t('job.details')}<//>`}
        <button type="button" class="link" data-testid="schedule-pause" onClick=${pause}>${t(paused ? 'schedule.resume' : 'schedule.pause')}</button>
        <button type="button" class="link" data-testid="schedule-delete" onClick=${drop}>${t('schedule.delete')}</button>
      </div>
    </li>
  `;
}

function Next({ schedule: { paused, next_at: next }, skew }) {
  const now = useNow();
  if (paused) return t('schedule.paused');
  if (!next) return t('schedule.over');
  const at = new Date(next);
  return html`<time datetime=${next} title=${fullTime(at)}>${moment(at)}</time> <small>${t('schedule.in', { time: span(at - now - skew) })}</small>`;
}
