// Who may run which command, and where.

import { plainName } from '../../commands.js';
import { html, useEffect, useSignal } from '../../html.js';
import { listOf, t } from '../../i18n.js';
import { openDialog } from '../../ui.js';
import { Icon } from '../icons.js';

const COLUMNS = ['name', 'allow', 'where'];

export function Commands({ app }) {
  const commands = useSignal(null);
  const problem = useSignal(null);
  const refresh = async () => {
    try {
      commands.value = await app.fetchCommandPermissions();
      problem.value = null;
    } catch (error) {
      problem.value = error.message;
    }
  };
  useEffect(() => void refresh(), []);
  return html`
    <div class="page-body">
      <p class="soft admin-help">${t('commands.help')}</p>
      ${problem.value && html`<p class="nothing problem" role="alert">${problem.value}
        <button type="button" class="link" onClick=${refresh}><${Icon} name="again" />${t('job.again')}</button></p>`}
      ${!commands.value && !problem.value && html`<p class="nothing" role="status">${t('list.loading')}</p>`}
      ${commands.value && html`<${Table} app=${app} commands=${commands} />`}
    </div>
  `;
}

function Table({ app, commands }) {
  const changed = (one) => {
    commands.value = commands.value.map((other) => (other.name === one.name ? one : other));
  };
  return html`
    <table class="table acted-on admin-commands" data-testid="admin-commands" aria-label=${t('admin.commands')}>
      <thead><tr>${COLUMNS.map((name) => html`<th scope="col" class=${name}>${t(`commands.column-${name}`)}</th>`)}
        <th class="act"><span class="unseen">${t('column.act')}</span></th></tr></thead>
      <tbody>${commands.value.map((command) => html`<${Row} key=${command.name} app=${app} command=${command} changed=${changed} />`)}</tbody>
    </table>
  `;
}

function Row({ app, command, changed }) {
  const { name, configured } = command;
  const help = app.chat.commands.value.find((known) => plainName(known) === name)?.help;
  return html`
    <tr data-testid="admin-command" data-command=${name}>
      <td class="name"><code>/${name}</code> <span class="soft">${help}</span></td>
      <td class="allow">${t(`commands.allow-${command.allow}`)}
        ${configured && html` <span class="tag" title=${t('commands.configured', { what: ruleWords(app, configured) })}>${t('commands.changed')}</span>`}</td>
      <td class="where">${roomWords(app, command.rooms)}</td>
      <td class="act"><button type="button" class="link" data-testid="admin-command-change" aria-label=${t('commands.change-this', { name })}
        onClick=${() => openDialog('command-permission', { command, changed })}>${t('commands.change')}</button></td>
    </tr>
  `;
}

const roomWords = (app, rooms) => (rooms.length === 0 ? t('commands.everywhere') : listOf(rooms.map(app.titleOf)));

export const ruleWords = (app, { allow, rooms }) => t('commands.rule', { who: t(`commands.allow-${allow}`), where: roomWords(app, rooms) });
