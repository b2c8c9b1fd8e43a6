// Where the identity provider sends people back: signs them in, or links their account, and goes on.

import { html, useEffect, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { Alone } from './alone.js';

export { loadPageStyles as loadStyles } from './styles.js';

export const Arrival = ({ app, part }) => html`
  <${Alone} app=${app} testid="arrival"><${Arriving} key=${part.code} app=${app} answer=${part} /><//>
`;

function Arriving({ app, answer }) {
  const problem = useSignal(null);
  useEffect(() => void app.arrive(answer).catch((error) => { problem.value = error.message; }), []);
  if (!problem.value) return html`<p class="soft" role="status">${t('list.loading')}</p>`;
  return html`
    <h1>${t('provider.failed')}</h1>
    <p class="soft" role="alert" data-testid="arrival-problem">${problem.value}</p>
    <button type="button" class="primary" data-testid="arrival-to-rooms" onClick=${app.endPlace}>${t('join.to-rooms')}</button>
  `;
}
