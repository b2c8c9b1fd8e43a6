// The invitations that still work, to be taken back.

import { html } from '../../html.js';
import { fullTime, day, listOf, t } from '../../i18n.js';
import { ShortListState } from '../short_list.js';

export const Invitations = ({ invitations }) => html`
  <p class="soft">${t('invitations.help')}</p>
  <${ShortListState} list=${invitations} testid="invitations-nothing" empty=${t('invitations.none')} />
  <ul class="invitations">
    ${invitations.items?.map((invitation) => html`<${Invitation} key=${invitation.id} invitation=${invitation} drop=${() => invitations.drop(invitation)} />`)}
  </ul>
`;

function Invitation({ invitation: { role, uses_left: uses, expires_at: expires, created_at: created, created_by: by, rooms }, drop }) {
  const made = new Date(created);
  const ends = new Date(expires);
  return html`
    <li data-testid="invitation" data-role=${role}>
      <div class="invitation-what">
        <span>${t('invitations.as', { role: t(`role.${role}`) })} · ${uses === null ? t('invitations.any-number') : t('invitations.left', { n: uses })}</span>
        ${rooms && html`<span class="soft">${t('invitations.leads-to', { rooms: listOf(rooms.map(({ name, title }) => title || name)) })}</span>`}
        <span class="soft"><time datetime=${expires} title=${fullTime(ends)}>${t('invitations.until', { time: day(ends) })}</time>${' · '}
          <time datetime=${created} title=${fullTime(made)}>${by ? t('invitations.made-by', { time: day(made), name: by }) : t('invitations.made', { time: day(made) })}</time></span>
      </div>
      <button type="button" class="link" data-testid="invitation-revoke" onClick=${drop}>${t('invitations.revoke')}</button>
    </li>
  `;
}
