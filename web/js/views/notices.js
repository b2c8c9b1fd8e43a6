// Short notices in the corner: what went wrong, what can be undone.

import { html } from '../html.js';
import { t } from '../i18n.js';
import { dismiss, notices } from '../ui.js';
import { Icon } from './icons.js';

export const Notices = () => html`
  <div class="notices" role="status" aria-live="polite">
    ${notices.value.map((notice) => html`<${Notice} key=${notice.id} ...${notice} />`)}
  </div>
`;

const Notice = ({ id, text, kind, action }) => html`
  <div class="notice" data-testid="notice" data-kind=${kind}>
    <span>${text}</span>
    ${action && html`<button type="button" class="link" onClick=${() => { dismiss(id); action.run(); }}>${action.label}</button>`}
    <button type="button" class="tool" aria-label=${t('close')} onClick=${() => dismiss(id)}><${Icon} name="close" /></button>
  </div>
`;
