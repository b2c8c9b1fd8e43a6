// QR codes, drawn on the page itself: what is in them goes nowhere. Pure.

import { encode } from '../vendor/uqr-0.1.3.js';

/** Light modules around a code, by which it is found. */
const MARGIN = 4;

/** `{size, path}`: the code of a text as a path of an SVG whose units are modules. */
export function qrCode(text) {
  const { data, size } = encode(text, { ecc: 'M', border: MARGIN });
  const runs = data.flatMap((row, y) => runsOf(row).map(([x, length]) => `M${x} ${y}h${length}v1h-${length}z`));
  return { size, path: runs.join('') };
}

// Neighbours as one piece: between two there would be a hair of light.
function runsOf(row) {
  const runs = [];
  row.forEach((isDark, x) => {
    const last = runs.at(-1);
    if (isDark && last && last[0] + last[1] === x) last[1] += 1;
    else if (isDark) runs.push([x, 1]);
  });
  return runs;
}
