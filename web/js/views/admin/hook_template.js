// How a hook shows the JSON that is posted to it: a template, and what it makes of an example.

import { html, useSignal } from '../../html.js';
import { t } from '../../i18n.js';
import { closeDialog, notify } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { FormProblem, useForm } from '../form.js';
import { stylesOf } from '../lazy.js';
import { WrittenText } from '../text.js';

export const loadStyles = () => stylesOf('forms', 'room_dialogs');

// The most characters that the server takes.
const MOST = 4_000;

const EXAMPLE = '{"host": "web-1", "check": "disk", "state": "down"}';

/** `changed()` once it has another template, or none. */
export function HookTemplate({ app, hook, changed }) {
  const template = useSignal(hook.template ?? '');
  const example = useSignal(EXAMPLE);
  const shown = useSignal(null);
  const form = useForm({
    act: async () => {
      await app.changeHook(hook.id, { template: template.value });
      changed();
      closeDialog();
      notify(t('hooks.template-was-saved', { name: hook.name }), { kind: 'done' });
    },
    isReady: () => true,
  });
  const trial = useForm({
    act: async () => {
      shown.value = null;
      shown.value = await app.previewHook({ template: template.value, example: example.value });
    },
    isReady: () => Boolean(example.value.trim()),
  });
  const write = (signal) => ({ target }) => {
    signal.value = target.value;
    form.forget();
    trial.forget();
  };
  return html`
    <${Dialog} title=${t('hooks.template-of', { name: hook.name })} kind="wide-dialog">
      <form ...${form.handlers} data-testid="hook-template">
        <p class="soft">${t('hooks.template-help')}</p>
        <label>${t('hooks.template')}
          <textarea data-testid="hook-template-text" rows="5" maxlength=${MOST} spellcheck=${false} autocapitalize="none" autofocus
            placeholder=${'{{ host }}: {{ check }} is {{ state }}'} value=${template.value} onInput=${write(template)}></textarea></label>
        <label>${t('hooks.example')}
          <textarea data-testid="hook-example" rows="4" spellcheck=${false} autocapitalize="none" value=${example.value} onInput=${write(example)}></textarea></label>
        ${shown.value && html`<${Shown} ...${shown.value} />`}
        <${FormProblem} form=${trial} /><${FormProblem} form=${form} />
        <div class="buttons">
          <button type="button" class="link" data-testid="hook-try" aria-disabled=${trial.isWaiting()} onClick=${trial.handlers.onSubmit}>${t('hooks.try')}</button><span class="spacer"></span>
          <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
          <button type="submit" class="primary" data-testid="hook-template-save" aria-disabled=${form.isWaiting()}>${t('save')}</button>
        </div>
      </form>
    <//>
  `;
}

const Shown = ({ text, problem }) => html`
  <div class="hook-shown" role="status" data-testid="hook-shown">
    ${problem && html`<p class="problem">${t('hooks.template-failed', { problem })}</p>`}
    <div><${WrittenText} source=${text} results=${[]} /></div>
  </div>
`;
