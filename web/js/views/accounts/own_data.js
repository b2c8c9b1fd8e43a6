// What the server has of whoever is here: to be downloaded, and to be removed.

import { EXPORT_FILE } from '../../api.js';
import { html } from '../../html.js';
import { t } from '../../i18n.js';
import { openDialog } from '../../ui.js';
import { Icon } from '../icons.js';

/** `hasPassword`: whether the account has one, by which its owner shows who they are. */
export function OwnData({ app, hasPassword = false }) {
  const isGuest = !app.hasAccount();
  return html`
    <section class="account-part" aria-labelledby="own-data-title">
      <h3 id="own-data-title">${t('own-data.title')}</h3>
      <p class="soft">${t('own-data.help')}</p>
      <div class="own-data-ways">
        <a class="secondary" href=${EXPORT_FILE} download="chatbot-export.zip" data-testid="own-data-export"><${Icon} name="down" />${t('own-data.export')}</a>
        <button type="button" class="secondary" data-testid="own-data-leave" onClick=${() => openDialog('leave', { hasPassword })}>
          <${Icon} name="trash" />${t(isGuest ? 'own-data.forget' : 'own-data.delete')}</button>
      </div>
    </section>
  `;
}
