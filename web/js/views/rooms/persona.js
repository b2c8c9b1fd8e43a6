// How a room's bot behaves: its greeting, what a language model is told, and what it says
// while it works, in each of the three languages. For those who may change rooms.

import { html, useEffect, useSignal } from '../html.js';
import { LANGUAGES, locale, t } from '../i18n.js';
import { closeDialog, notify } from '../ui.js';
import { Dialog } from './dialog.js';
import { loadStyle } from './lazy.js';

export const loadStyles = () => loadStyle(new URL('../../css/persona.css', import.meta.url).href);

// Each with the lines it is offered, and the most characters the server takes.
const FIELDS = [['greeting', 3, 500], ['instructions', 5, 4_000], ['working', 1, 100]];

export function RoomSettings({ app, room }) {
  const persona = useSignal(null);
  const problem = useSignal(null);
  const language = useSignal(locale.value);
  const busy = useSignal(false);
  useEffect(() => {
    app.fetchPersona(room).then((found) => { persona.value = found; }, (error) => { problem.value = error.message; });
  }, []);
  const write = (name, words) => {
    persona.value = { ...persona.value, [name]: { ...persona.value[name], [language.value]: words } };
    problem.value = null;
  };
  const save = async (event) => {
    event.preventDefault();
    if (busy.value || !persona.value) return;
    busy.value = true;
    try {
      await app.setPersona(room, written(persona.value));
      closeDialog();
      notify(t('persona.was-saved'), { kind: 'done' });
    } catch (error) {
      problem.value = error.message;
    }
    busy.value = false;
  };
  return html`
    <${Dialog} title=${t('persona.of', { room })} kind="wide-dialog">
      <form data-testid="persona" onSubmit=${save}>
        <p>${t('persona.help')}</p>
        <div class="languages" role="group" aria-label=${t('language')}>
          ${LANGUAGES.map(([tag, name]) => html`
            <button type="button" lang=${tag} data-testid="persona-${tag}" aria-pressed=${language.value === tag} onClick=${() => { language.value = tag; }}>
              ${name}${hasWords(persona.value, tag) && html`<span class="dot" title=${t('persona.has-words')}></span>`}</button>`)}
        </div>
        ${persona.value && FIELDS.map(([name, rows, most]) => html`
          <label key=${`${name} ${language.value}`}>${t(`persona.${name}`)}
            <textarea data-testid="persona-${name}" lang=${language.value} rows=${rows} maxlength=${most} placeholder=${t(`persona.${name}-example`)}
              value=${persona.value[name]?.[language.value] ?? ''} onInput=${(event) => write(name, event.target.value)}></textarea></label>`)}
        ${!persona.value && !problem.value && html`<p class="nothing" role="status">${t('list.loading')}</p>`}
        <p class="problem" role="alert">${problem.value}</p>
        <div class="buttons">
          <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
          <button type="submit" class="primary" data-testid="persona-save" aria-disabled=${busy.value || !persona.value}>${t('save')}</button>
        </div>
      </form>
    <//>
  `;
}

const hasWords = (persona, language) => FIELDS.some(([name]) => persona?.[name]?.[language]?.trim());

// What is left empty is not said; all of it together takes the place of what was.
const written = (persona) =>
  Object.fromEntries(FIELDS.map(([name]) => [name, Object.fromEntries(Object.entries(persona[name] ?? {}).filter(([, words]) => words?.trim()))]));
