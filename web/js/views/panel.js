// The frame of what opens at the right.

import { html } from '../html.js';
import { t } from '../i18n.js';
import { panel } from '../ui.js';
import { Icon } from './icons.js';

export const Panel = ({ title, children }) => html`
  <aside class="panel" aria-label=${title}>
    <header>
      <h2>${title}</h2>
      <button type="button" class="tool" aria-label=${t('close')} title=${t('close')} onClick=${() => { panel.value = null; }}>
        <${Icon} name="close" />
      </button>
    </header>
    <div class="panel-body">${children}</div>
  </aside>
`;
