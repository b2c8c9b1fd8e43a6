// Where one is signed in, to be signed out there.

import { deviceOf } from '../../accounts/device.js';
import { html } from '../../html.js';
import { fullTime, day, t } from '../../i18n.js';
import { openDialog } from '../../ui.js';
import { Icon } from '../icons.js';

export function Sessions({ app, sessions, drop }) {
  // This device first, then those that were used last.
  const inOrder = sessions.toSorted((a, b) => b.current - a.current || Date.parse(b.last_seen_at) - Date.parse(a.last_seen_at));
  const everywhere = () => openDialog('confirm', {
    title: t('account.everywhere-title'),
    text: t('account.everywhere-means'),
    label: t('account.everywhere'),
    act: app.signOutEverywhere,
  });
  return html`
    <section class="account-part" aria-labelledby="sessions-title">
      <h3 id="sessions-title">${t('account.sessions')}</h3>
      <ul class="sessions">
        ${inOrder.map((session) => html`<${Session} key=${session.id} app=${app} session=${session} drop=${() => drop(session.id)} />`)}
      </ul>
      <button type="button" class="secondary" data-testid="sign-out-everywhere" onClick=${everywhere}>${t('account.everywhere')}</button>
    </section>
  `;
}

function Session({ app, session: { device, address, last_seen_at: seen, current }, drop }) {
  const name = nameOf(device);
  const at = new Date(seen);
  return html`
    <li data-testid="session" data-current=${current}>
      <${Icon} name="device" />
      <div class="session-what">
        <span class="session-name" title=${device}>${name}${current && html` <span class="tag">${t('account.this-device')}</span>`}</span>
        <span class="soft">${address && `${address} · `}${current
          ? t('account.now')
          : html`<time datetime=${seen} title=${fullTime(at)}>${t('account.last-seen', { time: day(at) })}</time>`}</span>
      </div>
      <button type="button" class="link" data-testid="session-end" aria-label=${t('account.sign-out-of', { device: name })}
        onClick=${current ? app.signOut : drop}>${t('sign-in.out')}</button>
    </li>
  `;
}

function nameOf(agent) {
  const { browser, system } = deviceOf(agent ?? '');
  if (browser && system) return t('account.device', { browser, system });
  return browser ?? system ?? t('account.device-unknown');
}
