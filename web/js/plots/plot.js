// One plot over time. The only file that names the plotting library; knows neither
// jobs nor where the figures come from.

import UPlot from '../../vendor/uplot-1.6.32.js';

const HEIGHT = 128;
const WHOLE = [1, 2, 5].flatMap((step) => Array.from({ length: 12 }, (_, zeros) => step * 10 ** zeros)).sort((a, b) => a - b);
const BAR_WIDTH = 0.7;

/** Draws into an element and follows its width. `series` are `{values, colour, kind: 'area' |
    'line' | 'bars'}`, `times` in seconds, one step apart; `writeTime` and `writeValue` put a time or a
    value into words; `whole` if there are no parts of one; `hears(index)` is called with the point
    below the pointer, or null. Returns `{set(times, values), remove()}`. */
export function draw(element, { times, series, writeTime, writeValue, whole, hears }) {
  const options = {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    // What a point stands for goes on until the next one.
    scales: { x: { time: true, range: ({ data: [at] }) => [at[0], at.at(-1) + at[1] - at[0]] }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [axis(writeTime, { space: 70, size: 24 }), axis(writeValue, { space: 28, size: widthOf, grid: true, ...(whole && { incrs: WHOLE }) })],
    series: [{}, ...series.map(drawn)],
    hooks: { setCursor: [({ cursor }) => hears(cursor.idx ?? null)] },
  };
  const plot = new UPlot(options, [times, ...series.map(({ values }) => values)], element);
  const observer = new ResizeObserver(() => {
    if (element.clientWidth !== plot.width) plot.setSize({ width: element.clientWidth, height: HEIGHT });
  });
  observer.observe(element);
  return {
    set: (newTimes, values) => plot.setData([newTimes, ...values]),
    remove() {
      observer.disconnect();
      plot.destroy();
    },
  };
}

// Room for the longest of the values at the axis, in px.
const widthOf = (_, words) => 14 + 6 * Math.max(1, ...(words ?? []).map((word) => word.length));

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const axis = (write, { grid = false, ...more }) => ({
  ...more,
  stroke: token('--text-soft'),
  font: `11px ${token('--font')}`,
  gap: 4,
  values: (_, splits) => splits.map(write),
  grid: { show: grid, stroke: token('--line'), width: 1 },
  ticks: { show: false },
});

function drawn({ colour, kind }) {
  const stroke = token(colour);
  const fill = `${stroke}2e`;
  switch (kind) {
    case 'bars': return { fill: stroke, stroke, width: 0, paths: UPlot.paths.bars({ size: [BAR_WIDTH, 14], align: 1 }), points: { show: false } };
    case 'area': return { stroke, fill, width: 1.5, paths: UPlot.paths.stepped({ align: 1 }), points: { show: false } };
    default: return { stroke, width: 1.5, points: { show: true, size: 4, fill: stroke, width: 0, filter: alone } };
  }
}

// A line needs two points; one without neighbours would not be seen.
const alone = ({ data }, series) =>
  data[series].flatMap((value, index, all) => (value !== null && (all[index - 1] ?? null) === null && (all[index + 1] ?? null) === null ? index : []));
