// How a room's bot behaves: when it answers, its greeting, what a language model is told, and what it says
// while it works, in each of the three languages.

import { html, useSignal } from '../../html.js';
import { LANGUAGES, locale, t } from '../../i18n.js';
import { closeDialog, notify } from '../../ui.js';
import { Choice, FormProblem, useForm } from '../form.js';

// Each with the lines it is offered, and the most characters the server takes.
const FIELDS = [['greeting', 3, 500], ['instructions', 5, 4_000], ['working', 1, 100]];

export function Persona({ app, room }) {
  const persona = useSignal(room.persona ?? {});
  const bot = useSignal(room.bot);
  const language = useSignal(locale.value);
  const form = useForm({
    act: async () => {
      await app.changeRoom(room.name, { persona: written(persona.value), ...(bot.value !== room.bot && { bot: bot.value }) });
      closeDialog();
      notify(t('room-settings.was-saved'), { kind: 'done' });
    },
    isReady: () => true,
  });
  const write = (name, words) => {
    persona.value = { ...persona.value, [name]: { ...persona.value[name], [language.value]: words } };
    form.forget();
  };
  return html`
    <form ...${form.handlers} data-testid="persona">
      <${Choice} label=${t('bot.setting')} value=${bot} data-testid="persona-bot" options=${['always', 'mention', 'never'].map((mode) => [mode, t(`bot.${mode}`)])} />
      <p class="choice-means">${t('persona.help')}</p>
      <div class="languages" role="group" aria-label=${t('language')}>
        ${LANGUAGES.map(([tag, name]) => html`
          <button type="button" lang=${tag} data-testid="persona-${tag}" aria-pressed=${language.value === tag} onClick=${() => { language.value = tag; }}>
            ${name}${hasWords(persona.value, tag) && html`<span class="dot" title=${t('persona.has-words')}></span>`}</button>`)}
      </div>
      ${FIELDS.map(([name, rows, most]) => html`
        <label key=${`${name} ${language.value}`}>${t(`persona.${name}`)}
          <textarea data-testid="persona-${name}" lang=${language.value} rows=${rows} maxlength=${most} placeholder=${t(`persona.${name}-example`)}
            value=${persona.value[name]?.[language.value] ?? ''} onInput=${(event) => write(name, event.target.value)}></textarea></label>`)}
      <${FormProblem} form=${form} />
      <div class="buttons">
        <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
        <button type="submit" class="primary" data-testid="persona-save" aria-disabled=${form.isWaiting()}>${t('save')}</button>
      </div>
    </form>
  `;
}

const hasWords = (persona, language) => FIELDS.some(([name]) => persona[name]?.[language]?.trim());

// What is left empty is not said; all of it together takes the place of what was.
const written = (persona) =>
  Object.fromEntries(FIELDS.map(([name]) => [name, Object.fromEntries(Object.entries(persona[name] ?? {}).filter(([, words]) => words?.trim()))]));
