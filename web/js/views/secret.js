// What is shown once in a dialog, to be copied and passed on.

import { html, useLayoutEffect, useRef, useSignal } from '../html.js';
import { t } from '../i18n.js';
import { closeDialog } from '../ui.js';

/** `done()` when it is taken; the dialog is closed where nothing else is said. */
export function Secret({ means, label, copy: copyWords, value, done = closeDialog, doneWords = 'secret.done', children }) {
  const input = useRef(null);
  const isCopied = useSignal(false);
  useLayoutEffect(() => {
    input.current.focus();
    input.current.select();
  }, []);
  const copy = async () => {
    isCopied.value = await copied(input.current);
  };
  return html`
    <p>${means}</p>
    <label for="secret">${label}</label>
    <input id="secret" ref=${input} data-testid="secret" readonly value=${value} onFocus=${(event) => event.target.select()} />
    <p class="copied" role="status" data-testid="secret-copied">${isCopied.value && t('secret.was-copied')}</p>
    ${children}
    <div class="buttons">
      <button type="button" class="secondary" data-testid="secret-done" onClick=${done}>${t(doneWords)}</button>
      <button type="button" class="primary" data-testid="secret-copy" onClick=${copy}>${copyWords}</button>
    </div>
  `;
}

/** Copies what stands in a field. */
// The clipboard is there only where the page came over https or from this machine.
export async function copied(input) {
  input.select();
  if (!navigator.clipboard) return document.execCommand('copy');
  return navigator.clipboard.writeText(input.value).then(() => true, () => document.execCommand('copy'));
}
