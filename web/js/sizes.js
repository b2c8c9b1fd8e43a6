// How large a file is, in words.

import { number } from './i18n.js';

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];

/** "320 kB", "1.2 MB" */
export function bytes(count) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  const value = count / 1000 ** power;
  return number(value, { style: 'unit', unit: UNITS[power], unitDisplay: 'short', maximumFractionDigits: value < 10 && power > 0 ? 1 : 0 });
}
