// Who may run which command, and where.

import { plainName } from '../../commands.js';
import { html } from '../../html.js';
import { listOf, t } from '../../i18n.js';
import { openDialog } from '../../ui.js';
import { Fetching, useFetched } from '../fetched.js';

const COLUMNS = ['name', 'allow', 'where'];

export function Commands({ app }) {
  const commands = useFetched(app.fetchCommandPermissions);
  return html`
    <div class="page-body">
      <p class="soft admin-help">${t('commands.help')}</p>
      <${Fetching} fetched=${commands} />
      ${commands.value.value && html`<${Table} app=${app} commands=${commands.value} />`}
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
