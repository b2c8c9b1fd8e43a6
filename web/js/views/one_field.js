// A form with one field whose problem is said below it.

import { html, useSignal } from '../html.js';
import { t } from '../i18n.js';
import { closeDialog } from '../ui.js';

/** `act` may throw an error for people; `children` stand in place of the button that gives up. */
export function OneField({ label, help, field, action, act, problem: firstProblem, children }) {
  const value = useSignal(field.value ?? '');
  const problem = useSignal(firstProblem ?? null);
  const busy = useSignal(false);
  const submit = async (event) => {
    event.preventDefault();
    const typed = value.value.trim();
    if (busy.value || (field.required && !typed)) return;
    busy.value = true;
    try {
      await act(typed);
    } catch (error) {
      problem.value = error.message;
    }
    busy.value = false;
  };
  return html`
    <form onSubmit=${submit}>
      ${help && html`<p>${help}</p>`}
      <label>${label}
        <input ...${field} value=${value.value} autofocus aria-invalid=${problem.value ? 'true' : undefined} aria-describedby="dialog-problem"
          onInput=${(event) => { value.value = event.target.value; problem.value = null; }} />
      </label>
      <p class="problem" id="dialog-problem" role="alert">${problem.value}</p>
      <div class="buttons">
        ${children ?? html`<button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>`}
        <button type="submit" class="primary" data-testid=${action.testid} aria-disabled=${busy.value || (field.required && !value.value.trim())}>${action.label}</button>
      </div>
    </form>
  `;
}
