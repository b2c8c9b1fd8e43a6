// The list of commands above the composer, and what its keys mean.

import { html, useLayoutEffect, useRef } from '../html.js';
import { asCommand, needsArguments, plainName } from '../commands.js';
import { t } from '../i18n.js';

export function Completion({ offered, chosen, choose }) {
  const list = useRef(null);
  useLayoutEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: 'nearest' });
  }, [chosen, offered.length]);
  if (offered.length === 0) return null;
  return html`
    <ul class="completion" id="completion" ref=${list} role="listbox" aria-label=${t('completion.label')} data-testid="completion">
      ${offered.map((command, index) => html`
        <li key=${command.name} id="completion-${index}" role="option" aria-selected=${index === chosen}
          data-testid="completion-item" onMouseDown=${(event) => { event.preventDefault(); choose(command); }}>
          <code>${asCommand(command.usage)}</code><span>${command.help}</span>
        </li>`)}
    </ul>
  `;
}

/** What a key does while the list is open: `{choose}`, `{complete}`, `{dismiss}` or null. */
export function completionKey(event, { offered, chosen, text }) {
  if (offered.length === 0 || event.shiftKey) return null;
  const command = offered[chosen];
  switch (event.key) {
    case 'ArrowDown': return { choose: (chosen + 1) % offered.length };
    case 'ArrowUp': return { choose: (chosen + offered.length - 1) % offered.length };
    case 'Tab': return { complete: command };
    case 'Escape': return { dismiss: true };
    // Whoever typed the whole of a command that needs nothing more means to send it.
    case 'Enter': return text.slice(1) === plainName(command) && !needsArguments(command) ? null : { complete: command };
    default: return null;
  }
}
