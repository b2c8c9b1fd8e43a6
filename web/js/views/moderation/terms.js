// How long somebody is kept out or silent.

import { number, t } from '../../i18n.js';

/** In minutes, as a form has them. */
export const TERMS = ['10', '60', '1440', '10080'];
export const FOR_EVER = 'for-ever';

/** As a request has it. */
export const termOf = (term) => (term === FOR_EVER ? {} : { minutes: Number(term) });

const UNITS = [['day', 1_440], ['hour', 60], ['minute', 1]];

/** "10 minutes", "7 days", "for ever". */
export function termWords(term) {
  if (term === FOR_EVER) return t('stop.for-ever');
  const [unit, size] = UNITS.find(([, size]) => term >= size);
  return number(term / size, { style: 'unit', unit, unitDisplay: 'long' });
}
