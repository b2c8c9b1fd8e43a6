// Making a token: what it is for, what it may and for how long, and then the token itself, once.

import { html, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { closeDialog } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { Checks, Choice, Field, FormProblem, useForm } from '../form.js';
import { Secret } from '../secret.js';

export { loadDialogStyles as loadStyles } from './styles.js';

const SCOPES = ['read', 'post', 'jobs', 'documents', 'administration'];
const DAYS = ['7', '30', '90', '365'];
const FOR_EVER = 'for-ever';

/** `made()` once there is one. */
export function NewToken({ app, made }) {
  const token = useSignal(null);
  return html`
    <${Dialog} title=${t('tokens.new')}>
      ${token.value
        ? html`<${Secret} means=${t('tokens.token-means')} label=${t('tokens.token')} copy=${t('tokens.copy')} value=${token.value} />`
        : html`<${Terms} app=${app} done=${(secret) => { token.value = secret; made(); }} />`}
    <//>
  `;
}

function Terms({ app, done }) {
  const name = useSignal('');
  const rooms = useSignal('');
  const scopes = useSignal(['read']);
  const days = useSignal('90');
  // Beyond what the account may, a token may nothing.
  const offered = SCOPES.filter((scope) => scope !== 'administration' || app.may('moderate'));
  const form = useForm({
    act: async () => {
      const inOrder = SCOPES.filter((scope) => scopes.value.includes(scope));
      const only = rooms.value.split(/[\s,，、]+/).filter(Boolean);
      const { token } = await app.createToken({ name: name.value.trim(), scopes: inOrder, rooms: only, ...(days.value !== FOR_EVER && { days: Number(days.value) }) });
      done(token);
    },
    isReady: () => Boolean(name.value.trim() && scopes.value.length > 0),
    fieldOf: { bad_handle: 'name', name_taken: 'name', bad_room: 'rooms' },
  });
  return html`
    <form ...${form.handlers} data-testid="token-form">
      <${Field} form=${form} name="name" label=${t('tokens.name')} help=${t('tokens.name-help')} value=${name} data-testid="token-name" maxlength="32" autocomplete="off" autofocus />
      <${Checks} name="token-scope" label=${t('tokens.scopes')} value=${scopes} options=${offered.map((scope) => [scope, t(`tokens.scope-${scope}`), t(`tokens.means-${scope}`)])} />
      <${Field} form=${form} name="rooms" label=${t('tokens.only-in')} help=${t('tokens.only-in-help')} value=${rooms} data-testid="token-rooms" autocomplete="off" />
      <${Choice} label=${t('tokens.days')} value=${days} data-testid="token-days"
        options=${[...DAYS.map((n) => [n, t('invitations.days', { n: Number(n) })]), [FOR_EVER, t('tokens.no-end')]]} />
      <${FormProblem} form=${form} />
      <div class="buttons">
        <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
        <button type="submit" class="primary" data-testid="token-make" aria-disabled=${form.isWaiting()}>${t('tokens.make')}</button>
      </div>
    </form>
  `;
}
