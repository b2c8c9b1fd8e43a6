// The overview as the server gives it, in the form that plots take. Pure.

const SECONDS = { hour: 3_600, day: 86_400 };

/** Of columns, which all have the same length, a row for each time; before the server started there is nothing in the rows. */
export function asFigures(overview, span, now) {
  const { step, at, ...columns } = overview.points;
  const rows = at.map((time, index) => ({ at: time, ...Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[index]])) }));
  const missing = Math.max(0, SECONDS[span] / step - rows.length);
  const first = rows.length > 0 ? Date.parse(rows[0].at) : now;
  const before = Array.from({ length: missing }, (_, index) => ({ at: new Date(first - (missing - index) * step * 1_000).toISOString() }));
  return { ...overview, step, points: [...before, ...rows] };
}
