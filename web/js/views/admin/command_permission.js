// Changing who may run one command, and where.

import { html } from '../../html.js';
import { t } from '../../i18n.js';
import { closeDialog, notify } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { Choice, Field, FormProblem, useFields, useForm } from '../form.js';
import { ruleWords } from './commands.js';

export { loadDialogStyles as loadStyles } from '../moderation/styles.js';

const ROLES = ['user', 'member', 'moderator', 'admin', 'owner'];

/** `changed(command)` once it is another rule. */
export function CommandPermission({ app, command, changed }) {
  const { name, configured } = command;
  const { allow, rooms } = useFields({ allow: command.allow, rooms: command.rooms.join(' ') });
  const done = (now) => {
    changed(now);
    closeDialog();
    notify(t('commands.was-saved', { name }), { kind: 'done' });
  };
  const form = useForm({
    act: async () => done(await app.permitCommand(name, { allow: allow.value, rooms: namesIn(rooms.value) })),
    isReady: () => true,
    fieldOf: { bad_room: 'rooms' },
  });
  const reset = useForm({ act: async () => done(await app.resetCommandPermission(name)), isReady: () => true });
  return html`
    <${Dialog} title=${t('commands.title', { name })}>
      <form ...${form.handlers} data-testid="command-permission">
        <${Choice} label=${t('commands.column-allow')} value=${allow} data-testid="command-allow" options=${ROLES.map((role) => [role, t(`commands.allow-${role}`)])} autofocus />
        <${Field} form=${form} name="rooms" label=${t('commands.only-in')} help=${t('commands.only-in-help')} value=${rooms} data-testid="command-rooms"
          placeholder=${t('commands.everywhere')} autocomplete="off" />
        ${configured && html`<p class="soft">${t('commands.configured', { what: ruleWords(app, configured) })}</p>`}
        <${FormProblem} form=${form} /><${FormProblem} form=${reset} />
        <div class="buttons">
          ${configured && html`<button type="button" class="link" data-testid="command-reset" onClick=${reset.handlers.onSubmit}>${t('commands.reset')}</button><span class="spacer"></span>`}
          <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
          <button type="submit" class="primary" data-testid="command-save" aria-disabled=${form.isWaiting()}>${t('save')}</button>
        </div>
      </form>
    <//>
  `;
}

const namesIn = (typed) => typed.split(/[\s,，、]+/).map((name) => name.replace(/^#/, '')).filter(Boolean);
