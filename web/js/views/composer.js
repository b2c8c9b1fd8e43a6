// Where one writes. Keeps a draft per room, completes commands, says what is wrong
// with a command before it is sent, and never sends half a composed word.

import { useCompositionGuard } from '../composition.js';
import { html, useLayoutEffect, useRef, useSignal } from '../html.js';
import { asCommand, commandOf, completions, plainName, problemOf, runsIn } from '../commands.js';
import { locale, number, span, t } from '../i18n.js';
import { forget, recall, remember } from '../storage.js';
import { Completion, completionKey } from './completion.js';
import { Icon } from './icons.js';

// What is left is said when less than a tenth is.
const NEARLY_FULL = 0.1;

export function Composer({ app, name }) {
  const { chat } = app;
  const area = useRef(null);
  const composing = useCompositionGuard();
  // Signals, because keys may come faster than drawing and must see the newest.
  const text = useSignal(recall(`draft.${name}`, ''));
  const chosen = useSignal(0);
  const dismissed = useSignal(null);
  const warned = useSignal(null);
  const room = chat.room(name);
  const commands = room.bot === 'never' ? [] : chat.commands.value;
  const limit = chat.limits.value.message_chars;
  const left = limit - [...text.value].length;
  const offers = () => (dismissed.value === text.value ? [] : completions(text.value, commands.filter((command) => runsIn(name, command))));
  const offered = offers();
  const problem = warned.value === text.value ? problemOf(text.value, commands) : null;

  // Lines are taller in Chinese.
  useLayoutEffect(() => fitHeight(area.current), [text.value, locale.value]);
  useLayoutEffect(() => {
    app.write = (wanted) => {
      write(wanted);
      area.current.focus();
    };
  });

  function write(wanted) {
    // At once, not with the next drawing: what is typed now comes after it.
    if (area.current.value !== wanted) area.current.value = wanted;
    text.value = wanted;
    chosen.value = 0;
    warned.value = null;
    if (wanted) remember(`draft.${name}`, wanted);
    else forget(`draft.${name}`);
  }

  function onInput(event) {
    write(event.target.value);
    if (event.target.value.trim()) chat.typing(name);
  }

  function complete(command) {
    write(`/${plainName(command)} `);
    area.current.focus();
  }

  function send() {
    const typed = text.value;
    if (!typed.trim() || [...typed].length > limit) return;
    // A second Enter on the same text sends it as it is: "/etc" may be no command at all.
    if (warned.value !== typed && problemOf(typed, commands)) {
      warned.value = typed;
      return;
    }
    app.post(typed.trim());
    write('');
    area.current.focus();
  }

  function onKeyDown(event) {
    if (composing.endsWith(event)) return;
    const action = completionKey(event, { offered: offers(), chosen: chosen.value, text: text.value });
    if (action || (event.key === 'Enter' && !event.shiftKey)) event.preventDefault();
    else return;
    if (action === null) send();
    else if (action.complete) complete(action.complete);
    else if (action.dismiss) dismissed.value = text.value;
    else chosen.value = action.choose;
  }

  return html`
    <form class="composer" onSubmit=${(event) => { event.preventDefault(); send(); }}>
      <${Completion} offered=${offered} chosen=${chosen.value} choose=${complete} />
      ${offered.length === 0 && html`<${Hint} command=${commandOf(text.value, commands)} problem=${problem} />`}
      <div class="composer-box">
        <textarea ref=${area} rows="1" data-testid="composer" value=${text.value} enterkeyhint="send" autocomplete="off"
          placeholder=${placeholder(app, name, room)} aria-label=${t('composer.label')} aria-autocomplete="list"
          aria-controls=${offered.length > 0 ? 'completion' : undefined} aria-invalid=${problem ? 'true' : undefined}
          aria-activedescendant=${offered.length > 0 ? `completion-${chosen.value}` : undefined}
          onInput=${onInput} onKeyDown=${onKeyDown} ...${composing.handlers}></textarea>
        ${left < limit * NEARLY_FULL && html`
          <span class="count ${left < 0 ? 'over' : ''}" role="status">${number(left)}</span>`}
        <button type="submit" class="send" data-testid="send" aria-label=${t('composer.send')} title=${t('composer.send')}
          aria-disabled=${!text.value.trim() || left < 0}><${Icon} name="send" /></button>
      </div>
    </form>
  `;
}

function placeholder(app, name, room) {
  if (!app.isShared(name)) return t('composer.placeholder-bot');
  if (room.about?.hold_guests && app.chat.user.value?.role === 'user') return t('composer.placeholder-held');
  const pause = room.about?.slow_seconds;
  if (pause > 0) return t('composer.placeholder-slow', { time: span(pause * 1_000) });
  return t(room.bot === 'never' ? 'composer.placeholder-people' : 'composer.placeholder');
}

function Hint({ command, problem }) {
  if (problem) return html`<div class="hint problem" role="alert">${describe(problem)} <span>${t('hint.send-anyway')}</span></div>`;
  if (!command) return null;
  return html`<div class="hint"><code>${asCommand(command.usage)}</code> <span>${command.help}</span></div>`;
}

function describe({ kind, name, nearest, usage }) {
  if (kind === 'missing') return t('hint.missing', { usage });
  return nearest ? t('hint.nearest', { name, nearest }) : t('hint.unknown', { name });
}

// Grows with the text; how far is said in the style sheet.
function fitHeight(area) {
  area.style.height = 'auto';
  area.style.height = `${area.scrollHeight}px`;
}
