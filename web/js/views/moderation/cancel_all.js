// Cancelling all that somebody has under way or planned, by one job of that person.

import { html, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { closeDialog, notify } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { FormProblem, Radios, useForm } from '../form.js';
import { removedWords } from './stop.js';

export { loadDialogStyles as loadStyles } from './styles.js';

/** `done()` once it has happened. */
export function CancelAll({ app, job, done = () => {} }) {
  const by = useSignal('author');
  const form = useForm({
    act: async () => {
      const removed = await app.clear({ job: job.id, by: by.value, hours: 0 });
      closeDialog();
      notify(removedWords(removed), { kind: 'done' });
      done();
    },
    isReady: () => true,
  });
  return html`
    <${Dialog} title=${t('cancel-all.title', { name: job.handle })}>
      <form ...${form.handlers} data-testid="cancel-all-form">
        <p>${t('cancel-all.means')}</p>
        <${Radios} name="cancel-all-by" label=${t('stop.whom')} value=${by} options=${[
          ['author', t('stop.by-author', { name: job.handle }), ''],
          ['address', t('stop.by-address'), t('cancel-all.means-address')],
        ]} />
        <${FormProblem} form=${form} />
        <div class="buttons">
          <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
          <button type="submit" class="primary" data-testid="cancel-all" autofocus aria-disabled=${form.isWaiting()}>${t('cancel-all.do')}</button>
        </div>
      </form>
    <//>
  `;
}
