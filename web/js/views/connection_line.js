// A thin line on top while the connection is not there, with a few words.

import { html } from '../html.js';
import { t } from '../i18n.js';

export function ConnectionLine({ app }) {
  const state = app.chat.status.value;
  const text = app.chat.refused.value ? t('connection.refused') : t(`connection.${state}`);
  return html`
    <div class="connection" data-testid="connection" data-state=${state} role="status">
      <span>${text}</span>
    </div>
  `;
}
