// A message's text on the page. Every part becomes a text node or an element made
// here; nothing that people write is ever read as mark-up.

import { html } from '../html.js';
import { t } from '../i18n.js';
import { cut, parse, parseAnswer } from '../markup.js';
import { Citation } from './sources.js';

export const Text = ({ source }) => parse(source).map((part) => html`<${Part} ...${part} />`);

// The one command whose answer a language model may write.
const QUESTION = 'ask';

/** The answer of a job as far as it has come. */
export const AnswerSoFar = ({ job, source }) => (job.name === QUESTION ? html`<${WrittenText} source=${source} />` : html`<${Text} source=${source} />`);

/** What a language model wrote: its `[1]` lead to the passages that they name. Without `results` it still writes, and its
    marks have their numbers already but lead nowhere yet. `unsupported` are the ranges that rest on no passage. */
export function WrittenText({ source, results, unsupported = [] }) {
  const cited = results && new Map(results.map((result) => [result.mark, result]));
  return parse(source).map((part) => (part.kind === 'text'
    ? html`<${Written} text=${part.text} at=${part.at} cited=${cited} unsupported=${unsupported} />`
    : html`<${Part} ...${part} />`));
}

const Written = ({ text, at, cited, unsupported }) =>
  parseAnswer(text).map(({ kind, text: words, number, at: begin }) => {
    if (kind === 'citation' && !cited) return html`<span class="citation">${number}</span>`;
    if (kind === 'citation' && cited.has(number)) return html`<${Citation} number=${number} source=${cited.get(number)} />`;
    const marked = html`<${Doubted} parts=${cut(words, at + begin, unsupported)} />`;
    return kind === 'strong' ? html`<strong>${marked}</strong>` : marked;
  });

const Doubted = ({ parts }) =>
  parts.map(({ text, isInside }) => (isInside
    ? html`<span class="unsupported" title=${t('answer.unsupported')} data-testid="unsupported">${text}</span>`
    : text));

function Part({ kind, text, href }) {
  switch (kind) {
    case 'block': return html`<pre tabindex="0"><code>${text}</code></pre>`;
    case 'code': return html`<code>${text}</code>`;
    case 'link': return html`<a href=${href} target="_blank" rel="noopener noreferrer">${text}</a>`;
    default: return text;
  }
}
