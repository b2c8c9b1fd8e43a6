// One plot over time. The only file that names the plotting library; knows neither
// jobs nor where the figures come from.

import UPlot from '../../vendor/uplot-1.6.32.js';

const HEIGHT = 128;
const BAR_WIDTH = 0.7;

/** Draws into an element and follows its width. `series` are `{values, colour, kind: 'area' |
    'line' | 'bars'}`, `times` in seconds; `write` turns a time or a value into words; `hears(index)`
    is called with the point below the pointer, or null. Returns `{set(times, values), remove()}`. */
export function draw(element, { times, series, writeTime, writeValue, hears }) {
  const options = {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [axis(writeTime, { space: 70, size: 24 }), axis(writeValue, { space: 28, size: widthOf, grid: true })],
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

const axis = (write, { space, size, grid = false }) => ({
  stroke: token('--text-soft'),
  font: `11px ${token('--font')}`,
  space,
  size,
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
    default: return { stroke, width: 1.5, spanGaps: false, points: { size: 4, fill: stroke, width: 0 } };
  }
}
