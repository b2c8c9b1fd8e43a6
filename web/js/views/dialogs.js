// The dialogs: choosing a handle, the keys, a question; others are fetched when they are first opened.

import { html, useSignal } from '../html.js';
import { t } from '../i18n.js';
import { closeDialog, dialog, openDialog } from '../ui.js';
import { Dialog } from './dialog.js';
import { Lazy } from './lazy.js';
import { OneField } from './one_field.js';

export function Dialogs({ app }) {
  const name = dialog.value?.name;
  if (name in FETCHED) return html`<${Lazy} key=${name} load=${FETCHED[name]} inside app=${app} ...${dialog.value} />`;
  switch (name) {
    case 'handle': return html`<${HandleDialog} app=${app} ...${dialog.value} />`;
    case 'keys': return html`<${KeysDialog} />`;
    case 'confirm': return html`<${ConfirmDialog} ...${dialog.value} />`;
    default: return null;
  }
}

const FETCHED = {
  'new-room': () => import('./rooms/new_room.js').then(({ loadStyles, NewRoom }) => loadStyles().then(() => NewRoom)),
  'room-settings': () => import('./rooms/settings.js').then(({ loadStyles, RoomSettings }) => loadStyles().then(() => RoomSettings)),
  report: () => import('./moderation/report.js').then(({ loadStyles, Report }) => loadStyles().then(() => Report)),
  stop: () => import('./moderation/stop.js').then(({ loadStyles, Stop }) => loadStyles().then(() => Stop)),
  'cancel-all': () => import('./moderation/cancel_all.js').then(({ loadStyles, CancelAll }) => loadStyles().then(() => CancelAll)),
  'command-permission': () => import('./admin/command_permission.js').then(({ loadStyles, CommandPermission }) => loadStyles().then(() => CommandPermission)),
  collections: () => import('./documents/collections.js').then(({ loadStyles, Collections }) => loadStyles().then(() => Collections)),
  'sign-in': () => import('./accounts/sign_in.js').then(({ loadStyles, SignIn }) => loadStyles().then(() => SignIn)),
  'make-account': () => import('./accounts/make_account.js').then(({ loadStyles, MakeAccount }) => loadStyles().then(() => MakeAccount)),
  invite: () => import('./accounts/invite.js').then(({ loadStyles, Invite }) => loadStyles().then(() => Invite)),
  'new-token': () => import('./accounts/new_token.js').then(({ loadStyles, NewToken }) => loadStyles().then(() => NewToken)),
  passkey: () => import('./accounts/passkey_dialog.js').then(({ loadStyles, PasskeyDialog }) => loadStyles().then(() => PasskeyDialog)),
  'second-factor': () => import('./accounts/second_factor_dialog.js').then(({ loadStyles, SecondFactorDialog }) => loadStyles().then(() => SecondFactorDialog)),
  'with-password': () => import('./accounts/with_password.js').then(({ loadStyles, WithPassword }) => loadStyles().then(() => WithPassword)),
  merge: () => import('./accounts/merge.js').then(({ loadStyles, Merge }) => loadStyles().then(() => Merge)),
  leave: () => import('./accounts/leave.js').then(({ loadStyles, Leave }) => loadStyles().then(() => Leave)),
  'remove-account': () => import('./accounts/leave.js').then(({ loadStyles, RemoveAccount }) => loadStyles().then(() => RemoveAccount)),
  'new-hook': () => import('./admin/new_hook.js').then(({ loadStyles, NewHook }) => loadStyles().then(() => NewHook)),
  'hook-template': () => import('./admin/hook_template.js').then(({ loadStyles, HookTemplate }) => loadStyles().then(() => HookTemplate)),
  'set-password': () => import('./accounts/set_password.js').then(({ loadStyles, SetPassword }) => loadStyles().then(() => SetPassword)),
};

const HandleDialog = ({ app, first, problem, value }) => html`
  <${Dialog} title=${t(first ? 'handle.welcome' : 'handle.title')}>
    <${OneField} label=${t('handle.label')} help=${t('handle.help')} problem=${problem}
      field=${{ 'data-testid': 'handle-input', value: value ?? app.handle() ?? '', required: true, maxlength: 32, autocomplete: 'nickname', spellcheck: false }}
      action=${{ testid: 'handle-save', label: t(first ? 'handle.start' : 'save') }} act=${app.saveHandle}>
      <button type="button" class="secondary" onClick=${closeDialog}>${t(first ? 'handle.later' : 'cancel')}</button>
    <//>
    <p class="dialog-more">${t('sign-in.have-account')} <button type="button" class="link" data-testid="sign-in-instead"
      onClick=${() => openDialog('sign-in')}>${t('sign-in.title')}</button></p>
    ${!first && html`<p class="dialog-more"><button type="button" class="link" data-testid="own-data-open" onClick=${() => { closeDialog(); app.openAccount(); }}>${t('own-data.title')}</button></p>`}
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
  [['↑', '↓'], 'keys.messages'],
  [['?'], 'keys.help'],
];

const KeysDialog = () => html`
  <${Dialog} title=${t('keys.title')}>
    <dl class="keys">
      ${KEYS.map(([keys, meaning]) => html`<div><dt>${keys.map((key) => html`<kbd>${key}</kbd>`)}</dt><dd>${t(meaning)}</dd></div>`)}
    </dl>
    <p class="dialog-more"><a class="link" href="/licenses" target="_blank" data-testid="licenses">${t('keys.licenses')}</a></p>
    <div class="buttons"><button type="button" class="primary" autofocus onClick=${closeDialog}>${t('close')}</button></div>
  <//>
`;
