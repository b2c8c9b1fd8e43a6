// A round face for an author: first letter and a colour that stays the same.

import { html } from '../html.js';
import { BotFace } from './icons.js';

const COLOURS = 8;

export function colourOf(handle) {
  let sum = 0;
  for (const letter of handle) sum = (sum * 31 + letter.codePointAt(0)) % 997;
  return `author-${sum % COLOURS}`;
}

export function Avatar({ handle, role }) {
  if (role === 'bot') return html`<${BotFace} />`;
  const [letter] = handle.toUpperCase();
  return html`<span class="avatar ${colourOf(handle)}" aria-hidden="true">${letter}</span>`;
}
