// A text as a QR code, to be read by the camera of a phone.

import { html, useMemo } from '../html.js';
import { qrCode } from '../qr.js';

/** `label` says what it is, `means` what to do with it. */
export function QrCode({ text, label, means }) {
  const { size, path } = useMemo(() => qrCode(text), [text]);
  return html`
    <figure class="qr">
      <svg viewBox="0 0 ${size} ${size}" role="img" aria-label=${label} data-testid="qr" data-size=${size} shape-rendering="crispEdges">
        <path d=${path} /></svg>
      ${means && html`<figcaption class="soft">${means}</figcaption>`}
    </figure>
  `;
}
