// The one place that names the vendored view library, so that an update of it
// touches one file. Knows nothing of the page.

import { h } from '../vendor/preact-11.2.0.js';
import htm from '../vendor/htm-3.1.1.js';

export { render } from '../vendor/preact-11.2.0.js';
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/preact-hooks-11.2.0.js';
export { batch, effect, signal, useSignal } from '../vendor/signals-2.11.4.js';

export const html = htm.bind(h);
