// A message as the thing that something is about.

import { html } from '../../html.js';
import { t } from '../../i18n.js';
import { shownName } from '../../names.js';
import { colourOf } from '../avatar.js';
import { RoleMark } from '../role_mark.js';

export const Quoted = ({ message }) => html`
  <blockquote class="quoted" data-testid="quoted">
    <p class="quoted-who"><b class="${message.role === 'bot' ? 'author bot' : colourOf(message.handle)}">${shownName(message.handle)}</b><${RoleMark} of=${message} /></p>
    <p class="quoted-text">${message.deleted ? t('message.deleted') : message.message}</p>
  </blockquote>
`;
