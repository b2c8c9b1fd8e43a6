// The link between the own account and the identity provider, where there is one.

import { html } from '../../html.js';
import { t } from '../../i18n.js';
import { notify, openDialog } from '../../ui.js';

/** `changed()` once there is no link any more; to make one, the page is left. */
export function Identity({ app, own: { has_password: hasPassword, has_identity: isLinked }, provider, changed }) {
  const link = () => openDialog('with-password', {
    title: t('provider.link', { name: provider }), text: t('provider.link-means', { name: provider }), label: t('provider.go'), hasPassword,
    act: app.departToLink,
  });
  const unlink = () => openDialog('with-password', {
    title: t('provider.unlink-title', { name: provider }), text: t('provider.unlink-means', { name: provider }), label: t('provider.unlink'), hasPassword,
    act: async (password) => {
      await app.unlinkIdentity(password);
      notify(t('provider.was-unlinked', { name: provider }), { kind: 'done' });
      changed();
    },
  });
  return html`
    <section class="account-part" aria-labelledby="provider-title">
      <h3 id="provider-title">${t('provider.sign-in', { name: provider })}</h3>
      <p class="soft" data-testid="identity-state" data-linked=${isLinked}>${t(isLinked ? 'provider.is-linked' : 'provider.is-not-linked', { name: provider })}</p>
      ${isLinked
        ? html`<button type="button" class="secondary" data-testid="identity-unlink" onClick=${unlink}>${t('provider.unlink')}</button>`
        : html`<button type="button" class="secondary" data-testid="identity-link" onClick=${link}>${t('provider.link', { name: provider })}</button>`}
    </section>
  `;
}
