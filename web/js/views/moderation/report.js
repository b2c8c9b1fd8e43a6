// Telling the moderators of a message.

import { html, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { closeDialog, notify } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { Field, FormProblem, useForm } from '../form.js';
import { Quoted } from './quoted.js';

export { loadDialogStyles as loadStyles } from './styles.js';

export function Report({ app, room, message }) {
  const reason = useSignal('');
  const form = useForm({
    act: async () => {
      await app.report(room, message.seq, reason.value.trim());
      closeDialog();
      notify(t('report.was-sent'), { kind: 'done' });
    },
    isReady: () => true,
  });
  return html`
    <${Dialog} title=${t('report.title')}>
      <form ...${form.handlers} data-testid="report-form">
        <p>${t('report.means')}</p>
        <${Quoted} message=${message} />
        <${Field} form=${form} name="reason" label=${t('report.reason')} value=${reason} data-testid="report-reason" maxlength="200" autocomplete="off" autofocus />
        <${FormProblem} form=${form} />
        <div class="buttons">
          <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
          <button type="submit" class="primary" data-testid="report-send" aria-disabled=${form.isWaiting()}>${t('report.send')}</button>
        </div>
      </form>
    <//>
  `;
}
