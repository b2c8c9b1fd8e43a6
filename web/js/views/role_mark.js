// A quiet word beside a name: who looks after the others, who is a guest, what is no person.

import { html } from '../html.js';
import { t } from '../i18n.js';

/** Of the author of a message, or of somebody who is here. Members have none. */
export function RoleMark({ of: { handle, role, author_role: authorRole } }) {
  const shown = role === 'user' ? (authorRole ?? 'guest') : role;
  if (shown === 'member' || (shown === 'bot' && handle === t('role.bot'))) return null;
  return html`<span class="tag" data-testid="role-mark" data-role=${shown}>${t(`role.${shown}`)}</span>`;
}
