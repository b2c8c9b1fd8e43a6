// Starts any command without going to a room: the command, what follows it, where.

import { BOT_ROOM } from '../../chat.js';
import { asCommand, needsArguments, plainName, runsIn } from '../../commands.js';
import { html, useRef, useSignal } from '../../html.js';
import { locale, t } from '../../i18n.js';
import { newId } from '../../ids.js';
import { recall, remember } from '../../storage.js';
import { visited } from '../../visits.js';

export function StartForm({ app, board }) {
  const name = useSignal(recall('command'));
  const typed = useSignal('');
  const room = useSignal(BOT_ROOM);
  const commands = app.chat.commands.value.filter((command) => runsIn(room.value, command));
  const problem = useSignal(null);
  const busy = useSignal(false);
  // Sent again after a break, the same request is the same job.
  const id = useRef(newId());
  const command = commands.find((known) => plainName(known) === name.value) ?? usual(commands);

  function choose(wanted) {
    name.value = wanted;
    problem.value = null;
    remember('command', wanted);
    id.current = newId();
  }

  function write(text) {
    typed.value = text;
    problem.value = null;
    id.current = newId();
  }

  async function start(event) {
    event.preventDefault();
    if (busy.value || !command) return;
    const words = typed.value.trim();
    if (!words && needsArguments(command)) {
      problem.value = t('hint.missing', { usage: asCommand(command.usage) });
      return;
    }
    busy.value = true;
    try {
      board.add(await app.startJob({ name: plainName(command), arguments: words, room: room.value }, id.current));
      write('');
    } catch (error) {
      problem.value = error.message;
    }
    busy.value = false;
  }

  return html`
    <form class="start" data-testid="start" aria-label=${t('start.title')} onSubmit=${start}>
      <div class="start-line">
        <select key=${locale.value} data-testid="start-command" aria-label=${t('start.command')} value=${command && plainName(command)}
          onChange=${(event) => choose(event.target.value)}>
          ${commands.map((known) => html`<option value=${plainName(known)} selected=${known === command}>${plainName(known)}</option>`)}
        </select>
        <input id="start-arguments" data-testid="start-arguments" value=${typed.value} placeholder=${placeholder(command)} autocomplete="off"
          spellcheck=${false} aria-label=${t('start.arguments')} aria-describedby="start-help" aria-invalid=${problem.value ? 'true' : undefined}
          onInput=${(event) => write(event.target.value)} />
        <label class="start-room"><span>${t('start.room')}</span>
          <select data-testid="start-room" value=${room.value} onChange=${(event) => { room.value = event.target.value; }}>
            ${[BOT_ROOM, ...visited.value].map((place) => html`
              <option value=${place} selected=${place === room.value}>${app.titleOf(place)}</option>`)}
          </select>
        </label>
        <button type="submit" class="primary" data-testid="start-job" aria-disabled=${busy.value || !command}>${t('start.start')}</button>
      </div>
      <p id="start-help" class=${problem.value ? 'problem' : ''} role=${problem.value ? 'alert' : undefined} data-testid="start-help">
        ${problem.value ?? (command && html`<code>${asCommand(command.usage)}</code> ${command.help}`)}</p>
    </form>
  `;
}

// Work that takes its time is what one comes here for.
const usual = (commands) => commands.find(({ name }) => name === 'sleep') ?? commands.find(({ slow }) => slow) ?? commands[0];

/** "10 tea" from the example "/sleep 10 tea". */
const placeholder = (command) => command?.example?.replace(/^\S+\s*/, '') ?? '';
