// The time of day for views that say how long something lasts. One clock for all of
// them, which stands still while nobody looks.

import { signal, useEffect } from '../html.js';

const now = signal(Date.now());
let watching = 0;
let timer = null;

/** The time in ms; the view is drawn again each second. */
export function useNow() {
  useEffect(() => {
    if (watching === 0) timer = setInterval(tick, 1_000);
    watching += 1;
    tick();
    return () => {
      watching -= 1;
      if (watching === 0) clearInterval(timer);
    };
  }, []);
  return now.value;
}

function tick() {
  now.value = Date.now();
}
