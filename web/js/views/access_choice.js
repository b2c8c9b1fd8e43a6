// Who may come to this server: one of three.

import { html } from '../html.js';
import { t } from '../i18n.js';
import { Radios } from './form.js';

export const ACCESS = ['open', 'invite', 'members'];

/** `value` is a signal. */
export const AccessChoice = ({ value }) => html`
  <${Radios} name="access" label=${t('settings.access')} value=${value} options=${ACCESS.map((one) => [one, t(`settings.access-${one}`), t(`settings.means-${one}`)])} />
`;
