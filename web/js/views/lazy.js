// A view that is fetched when it is first shown, with its style sheets, so that
// whoever never opens it never pays for it.

import { html, useEffect, useState } from '../html.js';
import { t } from '../i18n.js';

const fetched = new Map();

/** `load` gives the promise of a view; `inside` says that it stands on a page that is there
    already; all other values go to that view. */
export function Lazy({ load, inside = false, ...values }) {
  const [, redraw] = useState(0);
  const [failed, setFailed] = useState(false);
  const View = fetched.get(load);
  useEffect(() => {
    if (View) return;
    load().then(
      (view) => {
        fetched.set(load, view);
        redraw((count) => count + 1);
      },
      () => setFailed(true),
    );
  }, []);
  if (View) return html`<${View} ...${values} />`;
  if (inside) return failed && html`<p class="unseen" role="alert">${t('error.network')}</p>`;
  return html`<main><p class="nothing" role="status">${t(failed ? 'error.network' : 'list.loading')}</p></main>`;
}

/** Adds style sheets of css/ to the page, by their names. */
export const stylesOf = (...names) => Promise.all(names.map((name) => loadStyle(new URL(`../../css/${name}.css`, import.meta.url).href)));

/** Adds a style sheet to the page, once; done when it applies. */
export function loadStyle(url) {
  if (document.querySelector(`link[href="${url}"]`)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: url, onload: resolve, onerror: reject });
    document.head.append(link);
  });
}
