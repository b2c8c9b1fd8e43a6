// Who is writing just now; keeps its height so that nothing jumps.

import { html } from '../html.js';
import { listOf, t } from '../i18n.js';

const NAMED = 3;

export function Typing({ app, name }) {
  const handles = app.chat.room(name).typing;
  return html`<div class="typing" data-testid="typing" aria-live="off">${handles.length > 0 && sentence(handles)}</div>`;
}

function sentence(handles) {
  if (handles.length > NAMED) return t('typing.many', { n: handles.length });
  return t('typing.some', { n: handles.length, who: listOf(handles) });
}
