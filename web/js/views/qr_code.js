// A text to be read by a phone's camera. Dark on light, whatever the theme: not all cameras read the reverse.

import { html, useEffect, useSignal } from '../html.js';

/** Nothing while the code is not there: the text itself always stands beside it. */
export function QrCode({ app, text, label }) {
  const drawing = useSignal(null);
  useEffect(() => void app.drawQrCode(text).then((drawn) => { drawing.value = drawn; }, () => null), [text]);
  if (!drawing.value) return html`<div class="qr-code"></div>`;
  const { size, path } = drawing.value;
  return html`
    <svg class="qr-code" data-testid="qr-code" role="img" aria-label=${label} viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges"><path d=${path} /></svg>
  `;
}
