// Who may come to this server, and what may be written.

import { html, useEffect, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { notify } from '../../ui.js';
import { AccessChoice } from '../access_choice.js';
import { FormProblem, useForm } from '../form.js';
import { Icon } from '../icons.js';
import { ModerationSettings } from './moderation_settings.js';

export function Settings({ app }) {
  const before = useSignal(null);
  const problem = useSignal(null);
  const refresh = async () => {
    try {
      before.value = await app.fetchSettings();
      problem.value = null;
    } catch (error) {
      problem.value = error.message;
    }
  };
  useEffect(() => void refresh(), []);
  return html`
    <div class="page-body">
      ${problem.value && html`<p class="nothing problem" role="alert">${problem.value}
        <button type="button" class="link" onClick=${refresh}><${Icon} name="again" />${t('job.again')}</button></p>`}
      ${!before.value && !problem.value && html`<p class="nothing" role="status">${t('list.loading')}</p>`}
      ${before.value && html`<${Access} app=${app} before=${before} /><${ModerationSettings} app=${app} />`}
    </div>
  `;
}

function Access({ app, before }) {
  const access = useSignal(before.value.access);
  const form = useForm({
    act: async () => {
      before.value = await app.changeSettings({ access: access.value });
      notify(t('settings.was-saved'), { kind: 'done' });
    },
    isReady: () => access.value !== before.value.access,
  });
  return html`
    <form class="settings page-form" ...${form.handlers} data-testid="settings">
      <${AccessChoice} value=${access} />
      <${FormProblem} form=${form} />
      <button type="submit" class="primary" data-testid="settings-save" aria-disabled=${form.isWaiting()}>${t('save')}</button>
    </form>
  `;
}
