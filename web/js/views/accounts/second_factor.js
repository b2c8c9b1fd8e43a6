// The codes of an authenticator app that the own account is asked for after its password.

import { html } from '../../html.js';
import { dateOf, t } from '../../i18n.js';
import { notify, openDialog } from '../../ui.js';

/** `changed()` once it is set up, or removed. */
export function SecondFactor({ app, own: { has_password: hasPassword, second_factor: factor }, changed }) {
  const remove = () => openDialog('with-password', {
    title: t('factor.remove-title'), text: t('factor.remove-means'), label: t('factor.remove'), hasPassword,
    act: async (password) => {
      await app.removeSecondFactor(password);
      notify(t('factor.was-removed'), { kind: 'done' });
      changed();
    },
  });
  const renew = () => openDialog('second-factor', { renews: true, changed });
  return html`
    <section class="account-part" aria-labelledby="factor-title">
      <h3 id="factor-title">${t('factor.title')}</h3>
      <p class="soft">${t('factor.help')}</p>
      ${factor
        ? html`
          <p data-testid="factor-on" class="factor-state">${t('factor.on', { date: dateOf(new Date(factor.created_at)) })} · ${t('factor.left', { n: factor.recovery_codes })}</p>
          <div class="account-ways">
            <button type="button" class="secondary" data-testid="factor-renew" onClick=${renew}>${t('factor.renew')}</button>
            <button type="button" class="secondary" data-testid="factor-remove" onClick=${remove}>${t('factor.remove')}</button>
          </div>`
        : hasPassword
          ? html`<button type="button" class="secondary" data-testid="factor-add" onClick=${() => openDialog('second-factor', { changed })}>${t('factor.add')}</button>`
          : html`<p class="soft" data-testid="factor-needs-password">${t('factor.needs-password')}</p>`}
    </section>
  `;
}
