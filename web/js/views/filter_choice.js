// One thing that a list is filtered by, or anything.

import { html } from '../html.js';
import { locale } from '../i18n.js';

// An option that is made anew with each language keeps its value when its words change.
/** `options` are pairs of a value and its words; `any` says that nothing is chosen. */
export const FilterChoice = ({ testid, any, value, options, set }) => html`
  <select key=${locale.value} data-testid=${testid} class=${value ? 'chosen' : ''} aria-label=${any} value=${value}
    onChange=${(event) => set(event.target.value)}>
    <option value="" selected=${value === ''}>${any}</option>
    ${options.map(([option, words]) => html`<option value=${option} selected=${value === option}>${words}</option>`)}
  </select>
`;
