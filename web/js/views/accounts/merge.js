// Making a guest, or another account, one with an account, and the list of those that are.

import { html, useSignal } from '../../html.js';
import { dateOf, fullTime, t } from '../../i18n.js';
import { closeDialog, notify, undoing } from '../../ui.js';
import { Dialog } from '../dialog.js';
import { Field, FormProblem, useForm } from '../form.js';
import { useShortList } from '../short_list.js';

export { loadDialogStyles as loadStyles } from './styles.js';

/** `whom` is `{handle}` of an account or `{room, seq}` of a guest's message, called `who`; `done()` once they are one. */
export function Merge({ app, whom, who: name, done = () => {} }) {
  const into = useSignal('');
  const form = useForm({
    act: async () => {
      const merge = await app.mergePeople({ ...whom, into: into.value.trim() });
      closeDialog();
      done();
      notify(t('merge.was-done', { name, into: merge.into }), { kind: 'done', action: undoing(() => app.undoMerge(merge).then(done)) });
    },
    isReady: () => Boolean(into.value.trim()),
    fieldOf: { not_found: 'into', bad_handle: 'into' },
  });
  return html`
    <${Dialog} title=${t('merge.title', { name })}>
      <form ...${form.handlers} data-testid="merge-form">
        <p>${t(whom.handle ? 'merge.means-account' : 'merge.means-guest')}</p>
        <${Field} form=${form} name="into" label=${t('merge.into')} value=${into} data-testid="merge-into" maxlength="32" autocomplete="off" autofocus />
        <${FormProblem} form=${form} />
        <div class="buttons">
          <button type="button" class="secondary" onClick=${closeDialog}>${t('cancel')}</button>
          <button type="submit" class="primary" data-testid="merge" aria-disabled=${form.isWaiting()}>${t('merge.do')}</button>
        </div>
      </form>
    <//>
  `;
}

/** Those that are one, if there are any. */
export function Merges({ app, taken }) {
  const list = useShortList(app.fetchMerges, (merge, restore) => app.dropMerge(merge, restore, taken));
  if (!list.items?.length) return null;
  return html`
    <h2 class="merges-title">${t('merge.list')}</h2>
    <ul class="invitations" data-testid="merges">
      ${list.items.map((merge) => html`
        <li key=${merge.id} data-testid="merge-entry">
          <div class="invitation-what"><span>${t('merge.entry', { from: merge.from, into: merge.into })}</span>
            <span class="soft"><time datetime=${merge.at} title=${fullTime(new Date(merge.at))}>${dateOf(new Date(merge.at))}</time> · ${merge.by}</span></div>
          <button type="button" class="link" data-testid="merge-undo" aria-label=${t('merge.undo-this', { from: merge.from, into: merge.into })} onClick=${() => list.drop(merge)}>${t('merge.undo')}</button>
        </li>`)}
    </ul>
  `;
}
