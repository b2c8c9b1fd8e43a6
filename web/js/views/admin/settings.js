// Who may come to this server, and what may be written.

import { html, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { notify } from '../../ui.js';
import { AccessChoice } from '../access_choice.js';
import { Fetching, useFetched } from '../fetched.js';
import { FormProblem, useForm } from '../form.js';
import { ModerationSettings } from './moderation_settings.js';

export function Settings({ app }) {
  const settings = useFetched(app.fetchSettings);
  return html`
    <div class="page-body">
      <${Fetching} fetched=${settings} />
      ${settings.value.value && html`<${Access} app=${app} before=${settings.value} /><${ModerationSettings} app=${app} />`}
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
