// The page's words in three languages, and numbers and times as they are written
// there. Knows no view; a view that asks for a text is drawn again when the
// language changes.

import { signal } from './html.js';

const CLOCK = { hour: '2-digit', minute: '2-digit' };
const UNITS = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000], ['second', 1_000]];

export const LANGUAGES = [
  ['en', 'English'],
  ['zh-Hans', '简体中文'],
  ['zh-Hant', '繁體中文'],
];

export const locale = signal('en');
const catalog = signal({});

/** The best of our languages for what the browser asks for. */
export function chooseLocale(wanted) {
  for (const tag of wanted) {
    const { language, script, region } = new Intl.Locale(tag).maximize();
    if (language === 'en') return 'en';
    if (language !== 'zh' && language !== 'yue') continue;
    return script === 'Hant' || ['TW', 'HK', 'MO'].includes(region) ? 'zh-Hant' : 'zh-Hans';
  }
  return 'en';
}

// In whose words readers of a language understand most, first to last.
const UNDERSTOOD = { en: ['en', 'zh-Hans', 'zh-Hant'], 'zh-Hans': ['zh-Hans', 'zh-Hant', 'en'], 'zh-Hant': ['zh-Hant', 'zh-Hans', 'en'] };

/** Of words in some languages those that readers of a language understand best, as the server chooses them; null if there are none. */
export const wordsFor = (name, words = {}) => UNDERSTOOD[name].map((language) => words[language]).find((text) => text?.trim()) ?? null;

export async function useLocale(name) {
  const response = await fetch(new URL(`../locales/${name}.json`, import.meta.url));
  catalog.value = await response.json();
  locale.value = name;
}

/** A text by its key. `{name}` is filled in from `values`; `{n}` also chooses the plural. */
export function t(key, values = {}) {
  const entry = catalog.value[key] ?? key;
  const text = typeof entry === 'string' ? entry : plural(entry, values.n);
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === 'number' ? number(value) : value;
  });
}

const plural = (forms, n) => forms[new Intl.PluralRules(locale.value).select(n)] ?? forms.other;

export const number = (value, how) => new Intl.NumberFormat(locale.value, how).format(value);
export const percent = (value) => number(value / 100, { style: 'percent', maximumFractionDigits: 0 });

export const clockTime = (date) => format(date, CLOCK);
export const clockTimeExact = (date) => format(date, { ...CLOCK, second: '2-digit' });

/** Hours and minutes only, for where there is no room for "AM". */
export function shortTime(date) {
  return formatter(CLOCK)
    .formatToParts(date)
    .filter(({ type }) => type !== 'dayPeriod')
    .map(({ value }) => value)
    .join('')
    .trim();
}

export const dateOf = (date) => format(date, { dateStyle: 'long' });
export const fullTime = (date) => format(date, { dateStyle: 'long', timeStyle: 'short' });

export function listOf(names) {
  return new Intl.ListFormat(locale.value, { type: 'conjunction' }).format(names);
}

/** How long something took: "84 ms", "1.2 s", "12 s", "3:05". */
export function duration(ms) {
  if (ms < 1_000) return t('duration.milliseconds', { ms: number(ms, { maximumFractionDigits: ms < 10 ? 1 : 0 }) });
  if (ms < 60_000) {
    const digits = ms < 10_000 ? 1 : 0;
    return t('duration.seconds', { s: number(ms / 1000, { maximumFractionDigits: digits, minimumFractionDigits: digits }) });
  }
  return elapsed(ms);
}

/** A running clock: "0:07", "12:30". Whole seconds, so that it does not flicker. */
export function elapsed(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** "12 sec", "5 min", "3 hr", "2 days": how long ago, or until, in one unit. */
export function span(ms) {
  const [unit, size] = UNITS.find(([, size]) => ms >= size) ?? UNITS.at(-1);
  return number(Math.max(0, Math.floor(ms / size)), { style: 'unit', unit, unitDisplay: 'short' });
}

/** A time today, otherwise its day, for what need not be told to the second. */
export function day(date) {
  const today = new Date();
  if (startOfDay(date) === startOfDay(today)) return format(date, CLOCK);
  const year = date.getFullYear() === today.getFullYear() ? undefined : 'numeric';
  return format(date, { day: 'numeric', month: 'short', year });
}

/** A time today, otherwise with its day. */
export function moment(date) {
  const today = startOfDay(date) === startOfDay(new Date());
  return format(date, today ? { ...CLOCK, second: '2-digit' } : { ...CLOCK, day: 'numeric', month: 'short' });
}

/** "Today", "Yesterday", "Monday 3 March", and with the year if it is not this one. */
export function dayName(date, today = new Date()) {
  const days = Math.round((startOfDay(today) - startOfDay(date)) / 86_400_000);
  if (days === 0) return t('day.today');
  if (days === 1) return t('day.yesterday');
  const year = date.getFullYear() === today.getFullYear() ? undefined : 'numeric';
  return format(date, { weekday: 'long', day: 'numeric', month: 'long', year });
}

/** Where a time is written without a zone, it is meant where the person is. */
export const timeZone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone;

const startOfDay = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

const format = (date, how) => formatter(how).format(date);

const formatters = new Map();

// Making a formatter costs more than using it a hundred times.
function formatter(how) {
  const key = locale.value + JSON.stringify(how);
  if (!formatters.has(key)) formatters.set(key, new Intl.DateTimeFormat(regionalLocale(), how));
  return formatters.get(key);
}

// "English" does not say whether one writes 5 pm or 17:00; the browser's region does.
function regionalLocale() {
  if (locale.value !== 'en') return `${locale.value}-u-hc-h23`;
  return navigator.languages.find((tag) => tag.startsWith('en-')) ?? 'en';
}
