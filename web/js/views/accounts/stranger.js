// What somebody sees who may not come in without an account: signing in.

import { html, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { Alone } from './alone.js';
import { SignInForms } from './sign_in.js';

export { loadPageStyles as loadStyles } from './styles.js';

export function Stranger({ app }) {
  const withKey = useSignal(false);
  return html`
    <${Alone} app=${app} testid="stranger">
      <h1>${t('stranger.title')}</h1>
      <p class="soft">${t('stranger.means')}</p>
      <${SignInForms} app=${app} withKey=${withKey} />
    <//>
  `;
}
