// A message's text on the page. Every part becomes a text node or a link made
// here; nothing that people write is ever read as mark-up.

import { html } from '../html.js';
import { parse } from '../markup.js';

export const Text = ({ source }) => parse(source).map((part) => html`<${Part} ...${part} />`);

function Part({ kind, text, href }) {
  switch (kind) {
    case 'block': return html`<pre tabindex="0"><code>${text}</code></pre>`;
    case 'code': return html`<code>${text}</code>`;
    case 'link': return html`<a href=${href} target="_blank" rel="noopener noreferrer">${text}</a>`;
    default: return text;
  }
}
