// Stopping somebody who attacks: keeping them out or silent, and removing what they left, in one step.

import { html, useRef } from '../../html.js';
import { listOf, t } from '../../i18n.js';
import { closeDialog, notify, undoing } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { Choice, Field, FormProblem, Radios, useFields, useForm } from '../form.js';
import { Quoted } from './quoted.js';
import { FOR_EVER, termOf, TERMS, termWords } from './terms.js';

export { loadDialogStyles as loadStyles } from './styles.js';

const HOURS = [1, 24, 168, 720];
const NOTHING = 'nothing';

/** `done()` once it has happened. */
export function Stop({ app, room, message, done = () => {} }) {
  const fields = useFields({
    // A guest comes back under another name, and addresses count for guests alone.
    by: message.author_role ? 'author' : 'address',
    kind: 'ban',
    minutes: '1440',
    hours: '24',
    reason: '',
  });
  const { by, kind, minutes, hours, reason } = fields;
  const form = useStopping({ app, room, message, fields, done });
  const onlyClears = kind.value === NOTHING;
  return html`
    <${Dialog} title=${t('stop.title', { name: message.handle })} kind="wide-dialog">
      <form ...${form.handlers} data-testid="stop-form">
        <${Quoted} message=${message} />
        ${!message.author_role && html`
          <${Radios} name="stop-by" label=${t('stop.whom')} value=${by} options=${[
            ['author', t('stop.by-author', { name: message.handle }), t('stop.means-author')],
            ['address', t('stop.by-address'), t('stop.means-address')],
          ]} />`}
        <div class="side-by-side">
          <${Choice} label=${t('stop.kind')} value=${kind} data-testid="stop-kind" options=${['ban', 'mute', NOTHING].map((one) => [one, t(`stop.kind-${one}`)])} />
          ${!onlyClears && html`<${Choice} label=${t('stop.term')} value=${minutes} data-testid="stop-term" options=${[...TERMS, FOR_EVER].map((term) => [term, termWords(term)])} />`}
        </div>
        <${Choice} label=${t('stop.clear')} value=${hours} data-testid="stop-clear"
          options=${[...HOURS.map((n) => [String(n), lastWords(n)]), ['0', t('stop.clear-work')], [NOTHING, t('stop.clear-nothing')]]} />
        ${!onlyClears && html`<${Field} form=${form} name="reason" label=${t('stop.reason')} value=${reason} data-testid="stop-reason" maxlength="300" autocomplete="off" />`}
        <${FormProblem} form=${form} />
        <div class="buttons">
          <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
          <button type="submit" class="primary" data-testid="stop" autofocus aria-disabled=${form.isWaiting()}>${t(onlyClears ? 'stop.only-clear' : `stop.${kind.value}`)}</button>
        </div>
      </form>
    <//>
  `;
}

function useStopping({ app, room, message: { seq, handle }, fields: { by, kind, minutes, hours, reason }, done }) {
  // What has been done is not done again when the rest fails and is tried once more.
  const sanction = useRef(null);
  const stop = async () => {
    if (kind.value === NOTHING || sanction.current) return;
    sanction.current = await app.stop({ kind: kind.value, room, seq, by: by.value, ...termOf(minutes.value), reason: reason.value.trim() });
  };
  const clear = () => (hours.value === NOTHING ? null : app.clear({ room, seq, by: by.value, hours: Number(hours.value) }));
  return useForm({
    isReady: () => kind.value !== NOTHING || hours.value !== NOTHING,
    act: async () => {
      await stop();
      const removed = await clear();
      closeDialog();
      const words = [sanction.current && t(`stop.was-${kind.value}`, { name: handle }), removed && removedWords(removed)].filter(Boolean).join(' ');
      notify(words, { kind: 'done', action: sanction.current && undoing(() => app.liftSanction(sanction.current)) });
      done();
    },
  });
}

const lastWords = (hours) => (hours <= 24 ? t('stop.clear-hours', { n: hours }) : t('stop.clear-days', { n: hours / 24 }));

export function removedWords(removed) {
  const some = ['messages', 'jobs', 'schedules'].filter((what) => removed[what] > 0).map((what) => t(`stop.${what}`, { n: removed[what] }));
  return some.length > 0 ? t('stop.removed', { what: listOf(some) }) : t('stop.removed-nothing');
}
