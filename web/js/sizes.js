// How large a file is, in words.

import { number } from './i18n.js';

const UNITS = ['kilobyte', 'megabyte', 'gigabyte'];

/** "198 B", "320 kB", "1.2 MB" */
export function bytes(count) {
  // The short form of this unit is a word, without a plural.
  if (count < 1000) return `${number(Math.round(count))} B`;
  const power = Math.min(UNITS.length, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** power;
  return number(value, { style: 'unit', unit: UNITS[power - 1], unitDisplay: 'short', maximumFractionDigits: value < 10 ? 1 : 0 });
}
