// What all dialogs have in common: the frame with a title, closed from outside, and where the
// focus goes afterwards. Knows no particular dialog.

import { html, useEffect, useRef } from '../html.js';
import { readyToWrite } from '../keys.js';
import { closeDialog, dialog } from '../ui.js';

export function Dialog({ title, kind = '', children }) {
  const element = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    element.current.showModal();
    return () => giveFocusBack(before);
  }, []);
  const closeFromOutside = (event) => {
    if (event.target === element.current) closeDialog();
  };
  return html`
    <dialog ref=${element} class=${kind} aria-labelledby="dialog-title" onClose=${closeDialog} onMouseDown=${closeFromOutside}>
      <div class="dialog-body"><h2 id="dialog-title">${title}</h2>${children}</div>
    </dialog>
  `;
}

// Once the dialog is gone; as long as it stands there, nothing behind it takes the
// focus. What had it may be gone, too, and on a first visit nothing had it.
function giveFocusBack(before) {
  requestAnimationFrame(() => {
    if (dialog.value) return;
    if (before !== document.body && before?.isConnected) before.focus();
    else readyToWrite();
  });
}
