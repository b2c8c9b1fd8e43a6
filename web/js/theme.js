// Light or dark: the system's choice until the person chooses otherwise.
// Knows no view; the colours themselves are in css/tokens.css.

import { signal } from './html.js';
import { forget, recall, remember } from './storage.js';

const systemDark = matchMedia('(prefers-color-scheme: dark)');

export const dark = signal(isDark());

export function toggleTheme() {
  const wanted = !dark.value;
  // Whoever comes back to what the system says follows the system again.
  if (wanted === systemDark.matches) forget('theme');
  else remember('theme', wanted ? 'dark' : 'light');
  apply();
}

export function followTheme() {
  systemDark.addEventListener('change', apply);
  apply();
}

function isDark() {
  const chosen = recall('theme');
  return chosen === null ? systemDark.matches : chosen === 'dark';
}

function apply() {
  dark.value = isDark();
  document.documentElement.dataset.theme = dark.value ? 'dark' : 'light';
}
