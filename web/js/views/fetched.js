// What comes whole from the server: until it is there, and where it could not be had.

import { html, useEffect, useSignal } from '../html.js';
import { t } from '../i18n.js';
import { Icon } from './icons.js';

/** `{value, problem, refresh}`: signals of what `fetch()` gave, which may be changed, and of the words for why it gave nothing. */
export function useFetched(fetch) {
  const value = useSignal(null);
  const problem = useSignal(null);
  const refresh = async () => {
    try {
      value.value = await fetch();
      problem.value = null;
    } catch (error) {
      problem.value = error.message;
    }
  };
  useEffect(() => void refresh(), []);
  return { value, problem, refresh };
}

/** What stands there until it is known: that it comes, or why not. */
export const Fetching = ({ fetched: { value, problem, refresh } }) => html`
  ${problem.value && html`<p class="nothing problem" role="alert">${problem.value}
    <button type="button" class="link" onClick=${refresh}><${Icon} name="again" />${t('job.again')}</button></p>`}
  ${!value.value && !problem.value && html`<p class="nothing" role="status">${t('list.loading')}</p>`}
`;
