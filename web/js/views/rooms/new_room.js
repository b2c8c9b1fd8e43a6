// Making a room: its name and who may enter it.

import { html, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { nameFromTitle } from '../../router.js';
import { closeDialog } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { Field, FormProblem, Radios, useForm } from '../form.js';

export { loadDialogStyles as loadStyles } from './styles.js';

export function NewRoom({ app }) {
  const title = useSignal('');
  const kind = useSignal('public');
  const name = nameFromTitle(title.value);
  const kinds = ['public', 'unlisted', ...(app.may('create_closed_room') ? ['closed'] : [])];
  const form = useForm({
    act: () => app.createRoom(asRoom(title.value.trim(), kind.value)),
    isReady: () => true,
    fieldOf: { bad_room: 'name' },
  });
  return html`
    <${Dialog} title=${t('new-room.title')}>
      <form ...${form.handlers} data-testid="new-room-form">
        <${Field} form=${form} name="name" label=${t('new-room.label')} value=${title} data-testid="new-room-name" maxlength="64" autocomplete="off" autofocus
          help=${name ? t('new-room.address', { name }) : t('new-room.help')} />
        <${Radios} name="new-room-kind" label=${t('room-settings.kind')} value=${kind} options=${kinds.map((one) => [one, t(`room.kind-${one}`), t(`room.means-${one}`)])} />
        <${FormProblem} form=${form} />
        <div class="buttons">
          <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
          <button type="submit" class="primary" data-testid="new-room-create" aria-disabled=${form.isWaiting()}>${t('new-room.create')}</button>
        </div>
      </form>
    <//>
  `;
}

// What cannot stand in an address is kept as a title.
function asRoom(typed, kind) {
  const name = nameFromTitle(typed);
  return { kind, ...(name && { name }), ...(name !== typed && typed && { title: typed }) };
}
