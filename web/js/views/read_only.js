// In place of the composer where this person may not write: why.

import { html } from '../html.js';
import { t } from '../i18n.js';
import { openDialog } from '../ui.js';

export function ReadOnly({ app, name }) {
  const reason = reasonOf(app, app.chat.room(name).about);
  return html`
    <div class="read-only" data-testid="read-only" data-reason=${reason} role="note">
      <p>${t(`read-only.${reason}`)}</p>
      ${reason === 'members' && html`<button type="button" class="link" onClick=${() => openDialog('sign-in')}>${t('sign-in.title')}</button>`}
    </div>
  `;
}

// Whom the room lets write is not whom its rule keeps out: they are muted.
function reasonOf(app, { archived, posting }) {
  if (archived) return 'archived';
  if (posting === 'members' && !app.isSignedIn()) return 'members';
  if (posting === 'moderators' && !app.may('moderate')) return 'moderators';
  return 'muted';
}
