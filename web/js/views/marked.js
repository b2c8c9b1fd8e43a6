// A text with marked parts. Only text nodes and <mark>: nothing in it becomes mark-up.

import { html } from '../html.js';
import { segments } from '../marks.js';

export const Marked = ({ text, marks }) =>
  segments(text, marks).map((part) => (part.marked ? html`<mark>${part.text}</mark>` : part.text));
