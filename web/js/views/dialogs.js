// The dialogs: choosing a handle, a new room, the owner's key, the keys.

import { html, useSignal } from '../html.js';
import { t } from '../i18n.js';
import { closeDialog, dialog } from '../ui.js';
import { Dialog } from './dialog.js';
import { Lazy } from './lazy.js';

export function Dialogs({ app }) {
  switch (dialog.value?.name) {
    case 'handle': return html`<${HandleDialog} app=${app} ...${dialog.value} />`;
    case 'new-room': return html`<${NewRoomDialog} app=${app} />`;
    case 'sign-in': return html`<${SignInDialog} app=${app} />`;
    case 'keys': return html`<${KeysDialog} />`;
    case 'confirm': return html`<${ConfirmDialog} ...${dialog.value} />`;
    case 'room-settings': return html`<${Lazy} load=${loadRoomSettings} inside app=${app} ...${dialog.value} />`;
    default: return null;
  }
}

const loadRoomSettings = () => import('./room_settings.js').then(({ loadStyles, RoomSettings }) => loadStyles().then(() => RoomSettings));

// A form with one field whose problem is said below it; `act` may throw an error for people.
function OneField({ label, help, field, action, act, problem: firstProblem, children }) {
  const value = useSignal(field.value ?? '');
  const problem = useSignal(firstProblem ?? null);
  const busy = useSignal(false);
  const submit = async (event) => {
    event.preventDefault();
    const typed = value.value.trim();
    if (busy.value || (field.required && !typed)) return;
    busy.value = true;
    try {
      await act(typed);
    } catch (error) {
      problem.value = error.message;
    }
    busy.value = false;
  };
  return html`
    <form onSubmit=${submit}>
      ${help && html`<p>${help}</p>`}
      <label>${label}
        <input ...${field} value=${value.value} autofocus aria-invalid=${problem.value ? 'true' : undefined} aria-describedby="dialog-problem"
          onInput=${(event) => { value.value = event.target.value; problem.value = null; }} />
      </label>
      <p class="problem" id="dialog-problem" role="alert">${problem.value}</p>
      <div class="buttons">
        ${children ?? html`<button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>`}
        <button type="submit" class="primary" data-testid=${action.testid} aria-disabled=${busy.value || (field.required && !value.value.trim())}>${action.label}</button>
      </div>
    </form>
  `;
}

const HandleDialog = ({ app, first, problem, value }) => html`
  <${Dialog} title=${t(first ? 'handle.welcome' : 'handle.title')}>
    <${OneField} label=${t('handle.label')} help=${t('handle.help')} problem=${problem}
      field=${{ 'data-testid': 'handle-input', value: value ?? app.handle() ?? '', required: true, maxlength: 32, autocomplete: 'nickname', spellcheck: false }}
      action=${{ testid: 'handle-save', label: t(first ? 'handle.start' : 'save') }} act=${app.saveHandle}>
      <button type="button" class="secondary" onClick=${closeDialog}>${t(first ? 'handle.later' : 'cancel')}</button>
    <//>
  <//>
`;

const NewRoomDialog = ({ app }) => html`
  <${Dialog} title=${t('new-room.title')}>
    <${OneField} label=${t('new-room.label')} help=${t('new-room.help')}
      field=${{ 'data-testid': 'new-room-name', maxlength: 64, autocomplete: 'off', spellcheck: false }}
      action=${{ testid: 'new-room-create', label: t('new-room.create') }} act=${app.createRoom} />
  <//>
`;

const SignInDialog = ({ app }) => html`
  <${Dialog} title=${t('owner.title')}>
    <${OneField} label=${t('owner.key')} help=${t('owner.help')}
      field=${{ 'data-testid': 'owner-key', type: 'password', required: true, autocomplete: 'current-password' }}
      action=${{ testid: 'owner-submit', label: t('owner.sign-in') }} act=${app.signIn} />
  <//>
`;

// `act` may throw an error for people.
function ConfirmDialog({ title, text, label, act }) {
  const problem = useSignal(null);
  const busy = useSignal(false);
  const confirm = async () => {
    if (busy.value) return;
    busy.value = true;
    try {
      await act();
      closeDialog();
    } catch (error) {
      problem.value = error.message;
    }
    busy.value = false;
  };
  return html`
    <${Dialog} title=${title}>
      <p>${text}</p>
      <p class="problem" role="alert">${problem.value}</p>
      <div class="buttons">
        <button type="button" class="secondary" autofocus data-testid="confirm-cancel" onClick=${closeDialog}>${t('cancel')}</button>
        <button type="button" class="primary" data-testid="confirm" aria-disabled=${busy.value} onClick=${confirm}>${label}</button>
      </div>
    <//>
  `;
}

const KEYS = [
  [['Enter'], 'keys.send'],
  [['Shift', 'Enter'], 'keys.line'],
  [['/'], 'keys.command'],
  [['Alt', '↑'], 'keys.previous'],
  [['Alt', '↓'], 'keys.next'],
  [['Ctrl', 'K'], 'keys.search'],
  [['Esc'], 'keys.composer'],
  [['End'], 'keys.newest'],
  [['?'], 'keys.help'],
];

const KeysDialog = () => html`
  <${Dialog} title=${t('keys.title')}>
    <dl class="keys">
      ${KEYS.map(([keys, meaning]) => html`<div><dt>${keys.map((key) => html`<kbd>${key}</kbd>`)}</dt><dd>${t(meaning)}</dd></div>`)}
    </dl>
    <div class="buttons"><button type="button" class="primary" autofocus onClick=${closeDialog}>${t('close')}</button></div>
  <//>
`;
