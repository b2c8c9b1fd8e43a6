// How much there was to do, how much was done and how long it took, over the last
// hour or day. The plotting library is fetched with the first plot.

import { html, useEffect, useLayoutEffect, useMemo, useRef, useSignal, useState } from '../../html.js';
import { clockTime, duration, locale, moment, number, shortTime, t } from '../../i18n.js';
import { dark } from '../../theme.js';

const SPANS = ['hour', 'day'];

export function Plots({ stats }) {
  const figures = stats.figures.value;
  return html`
    <section class="figures" aria-label=${t('plots.title')}>
      <div class="figures-head">
        <${Numbers} now=${figures?.now} />
        <div class="chips" role="group" aria-label=${t('plots.span')}>
          ${SPANS.map((span) => html`
            <button type="button" class="chip" data-testid="span-${span}" aria-pressed=${stats.span.value === span}
              onClick=${() => stats.setSpan(span)}>${t(`plots.${span}`)}</button>`)}
        </div>
      </div>
      ${figures && (figures.points.some(isAnything)
        ? html`<div class="plots" tabindex="0" role="group" aria-label=${t('plots.title')}>
            ${PLOTS.map((plot) => html`<${Plot} key="${plot.name} ${stats.span.value}" plot=${plot} figures=${figures} span=${stats.span.value} />`)}</div>`
        : html`<p class="nothing" data-testid="plots-empty">${t(`plots.empty-${stats.span.value}`)}</p>`)}
    </section>
  `;
}

const isAnything = ({ depth, started, completed, failed }) => depth + started + completed + failed > 0;

const NUMBERS = ['queued', 'running', 'scheduled', 'retrying', 'dead'];

const Numbers = ({ now }) => html`
  <dl class="numbers" data-testid="numbers">
    ${NUMBERS.map((name) => html`
      <div data-state=${name} data-count=${now?.[name]}><dt>${t(`job.${name}`)}</dt>
        <dd>${now ? number(now[name]) : '–'}${name === 'running' && now && html`<small> / ${number(now.workers)}</small>`}</dd></div>`)}
  </dl>
`;

const most = (values) => Math.max(0, ...values.map((value) => value ?? 0));
const sum = (values) => values.reduce((total, value) => total + value, 0);
const perMinute = (count, { step }) => (count * 60) / step;
const rate = (value) => number(value, { maximumFractionDigits: value < 10 ? 1 : 0 });
const time = (ms) => (ms === 0 ? '0' : duration(ms));

// What each plot shows: its curves, from the points of the figures, and one sentence.
const PLOTS = [
  {
    name: 'depth',
    write: number,
    whole: true,
    curves: [{ name: 'depth', colour: '--plan', kind: 'area', value: ({ depth }) => depth }],
    sentence: ({ points, now }) => t('plots.depth-said', { most: most(points.map(({ depth }) => depth)), now: now.queued }),
  },
  {
    name: 'rate',
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
    write: time,
    curves: [
      { name: 'p50', colour: '--accent', kind: 'line', value: ({ p50_ms: p50 }) => p50 },
      { name: 'p95', colour: '--wait', kind: 'line', value: ({ p95_ms: p95 }) => p95 },
    ],
    sentence: ({ points }) => t('plots.time-said', { p50: duration(most(points.map(({ p50_ms: p50 }) => p50))), p95: duration(most(points.map(({ p95_ms: p95 }) => p95))) }),
  },
];

function Plot({ plot, figures, span }) {
  const pointed = useSignal(null);
  const title = t(`plots.${plot.name}`);
  const sentence = plot.sentence(figures);
  const point = figures.points[pointed.value];
  return html`
    <figure class="plot" data-testid="plot-${plot.name}">
      <figcaption>
        <h2>${title}</h2>
        <p>${point ? pointTime(point, span) : sentence}</p>
        <ul class="legend" aria-hidden="true">
          ${(plot.curves.length > 1 || point) && plot.curves.map(({ name, colour, value, said = value }) => html`
            <li><span class="swatch" style=${{ background: `var(${colour})` }}></span>${t(`plots.${name}`)}
              ${point && html` <b>${write(plot, said(point, figures))}</b>`}</li>`)}
        </ul>
      </figcaption>
      <${Canvas} plot=${plot} figures=${figures} span=${span} label="${title}. ${sentence}" hears=${(index) => { pointed.value = index; }} />
    </figure>
  `;
}

const write = (plot, value) => (value === null || value === undefined ? '–' : plot.write(value));
const pointTime = ({ at }, span) => (span === 'day' ? moment : clockTime)(new Date(at));

// The library draws by itself; a new theme or language means to draw anew.
function Canvas({ plot, figures, span, label, hears }) {
  const element = useRef(null);
  const drawn = useRef(null);
  const library = useLibrary();
  const data = useMemo(() => [
    figures.points.map(({ at }) => Date.parse(at) / 1_000),
    plot.curves.map(({ value }) => figures.points.map((point) => value(point, figures))),
  ], [figures, plot]);
  const [times, values] = data;
  useLayoutEffect(() => {
    if (!library) return undefined;
    drawn.current = library.draw(element.current, {
      times,
      series: plot.curves.map(({ colour, kind }, index) => ({ colour, kind, values: values[index] })),
      writeTime: (seconds) => shortTime(new Date(seconds * 1_000)),
      writeValue: plot.write,
      whole: plot.whole,
      hears,
    });
    return () => drawn.current.remove();
  }, [library, dark.value, locale.value, span]);
  useEffect(() => drawn.current?.set(times, values), [data]);
  return html`<div class="plot-canvas" ref=${element} role="img" aria-label=${label}></div>`;
}

function useLibrary() {
  const [library, setLibrary] = useState(null);
  useEffect(() => {
    import('../../dashboard/plot.js').then(setLibrary);
  }, []);
  return library;
}
