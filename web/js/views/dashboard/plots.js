// How much there was to do, how much was done and how long it took, over the last hour or day.

import { html } from '../../html.js';
import { duration, listOf, number, t } from '../../i18n.js';
import { EVERY_COMMAND } from '../../job_states.js';
import { Figures, most, sum } from '../figures.js';

export const Plots = ({ app, stats }) => html`
  <${Paused} app=${app} stats=${stats} />
  <${Figures} stats=${stats} label=${t('plots.title')} plots=${PLOTS} empty=${isEmpty}><${Numbers} now=${stats.figures.value?.now} /><//>
`;

/** Said in place of the plots if nothing ran. */
const isEmpty = ({ points }, span) => !points.some(isAnything) && html`<p class="nothing" data-testid="plots-empty">${t(`plots.empty-${span}`)}</p>`;

const isAnything = ({ depth, started, completed, failed }) => depth + started + completed + failed > 0;

const NUMBERS = ['queued', 'running', 'scheduled', 'retrying', 'dead'];

const Numbers = ({ now }) => html`
  <dl class="numbers" data-testid="numbers">
    ${NUMBERS.map((name) => html`
      <div data-state=${name} data-count=${now?.[name]}><dt>${t(`job.${name}`)}</dt>
        <dd>${now ? number(now[name]) : '–'}${name === 'running' && now && html`<small> / ${number(now.workers)}</small>`}</dd></div>`)}
  </dl>
`;

function Paused({ app, stats }) {
  const names = stats.figures.value?.paused ?? [];
  if (names.length === 0) return null;
  const resume = async () => {
    await app.resumeCommands(names);
    stats.refresh();
  };
  return html`
    <p class="paused" role="note" data-testid="jobs-paused">
      ${names.includes(EVERY_COMMAND) ? t('jobs.paused-all') : t('jobs.paused', { names: listOf(names) })}
      ${app.may('pause_commands') && html` <button type="button" class="link" data-testid="jobs-resume" onClick=${resume}>${t('jobs.resume')}</button>`}
    </p>
  `;
}

const perMinute = (count, { step }) => (count * 60) / step;
const rate = (value) => number(value, { maximumFractionDigits: value < 10 ? 1 : 0 });
const time = (ms) => (ms === 0 ? '0' : duration(ms));

const PLOTS = [
  {
    name: 'depth',
    words: 'plots.depth',
    write: number,
    whole: true,
    curves: [{ name: 'depth', colour: '--plan', kind: 'area', value: ({ depth }) => depth }],
    sentence: ({ points, now }) => t('plots.depth-said', { most: most(points.map(({ depth }) => depth)), now: now.queued }),
  },
  {
    name: 'rate',
    words: 'plots.rate',
    write: rate,
    // The failed ones stand in front of all that ended.
    curves: [
      { name: 'completed', colour: '--good', kind: 'bars', value: ({ completed, failed }, figures) => perMinute(completed + failed, figures),
        said: ({ completed }, figures) => perMinute(completed, figures) },
      { name: 'failed', colour: '--bad', kind: 'bars', value: ({ failed }, figures) => perMinute(failed, figures) },
    ],
    sentence: ({ points }) => t('plots.rate-said', { completed: sum(points.map(({ completed }) => completed)), failed: sum(points.map(({ failed }) => failed)) }),
  },
  {
    name: 'time',
    words: 'plots.time',
    write: time,
    curves: [
      { name: 'p50', colour: '--accent', kind: 'line', value: ({ p50_ms: p50 }) => p50 },
      { name: 'p95', colour: '--wait', kind: 'line', value: ({ p95_ms: p95 }) => p95 },
    ],
    sentence: ({ points }) => t('plots.time-said', { p50: duration(most(points.map(({ p50_ms: p50 }) => p50))), p95: duration(most(points.map(({ p95_ms: p95 }) => p95))) }),
  },
];
