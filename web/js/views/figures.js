// Figures over the last hour or day: the newest in numbers, and plots. The plotting library is
// fetched with the first plot.

import { html, useEffect, useLayoutEffect, useMemo, useRef, useSignal, useState } from '../html.js';
import { clockTime, locale, moment, shortTime, t } from '../i18n.js';
import { dark } from '../theme.js';
import { loadStyle, stylesOf } from './lazy.js';

export const loadFigureStyles = () => Promise.all([loadStyle(new URL('../../vendor/uplot-1.6.32.css', import.meta.url).href), stylesOf('figures')]);

const SPANS = ['hour', 'day'];

/** Of values some may be missing. */
export const most = (values) => Math.max(0, ...values.map((value) => value ?? 0));
export const sum = (values) => values.reduce((total, value) => total + (value ?? 0), 0);

/** `plots` are `{name, words, write(value), whole?, curves, sentence(figures)}`; a curve is `{name, colour, kind, value(point, figures),
    said?}`. `empty(figures, span)` gives what stands in place of the plots, if there is nothing to be seen; `children` are the numbers. */
export function Figures({ stats, label, plots, empty = () => null, children }) {
  const figures = stats.figures.value;
  const span = stats.span.value;
  return html`
    <section class="figures" aria-label=${label}>
      <div class="figures-head">
        ${children}
        <div class="chips" role="group" aria-label=${t('plots.span')}>
          ${SPANS.map((one) => html`
            <button type="button" class="chip" data-testid="span-${one}" aria-pressed=${span === one}
              onClick=${() => stats.setSpan(one)}>${t(`plots.${one}`)}</button>`)}
        </div>
      </div>
      ${figures && (empty(figures, span) || html`
        <div class="plots" tabindex="0" role="group" aria-label=${label}>
          ${plots.map((plot) => html`<${Plot} key="${plot.name} ${span}" plot=${plot} figures=${figures} span=${span} />`)}</div>`)}
    </section>
  `;
}

function Plot({ plot, figures, span }) {
  const pointed = useSignal(null);
  const title = t(plot.words);
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
    import('../plots/plot.js').then(setLibrary);
  }, []);
  return library;
}
