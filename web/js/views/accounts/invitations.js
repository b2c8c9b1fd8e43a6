// The invitations that still work, to be taken back.

import { html, signal, useEffect, useRef } from '../../html.js';
import { fullTime, day, t } from '../../i18n.js';
import { Icon } from '../icons.js';

/** Fetched once and again after a change; known as long as the page of people is open. */
export function useInvitations(app) {
  const kept = useRef(null);
  kept.current ??= { list: signal(null), problem: signal(null), dropped: new Set() };
  const { list, problem, dropped } = kept.current;
  const refresh = async () => {
    try {
      list.value = (await app.fetchInvitations()).filter(({ id }) => !dropped.has(id));
      problem.value = null;
    } catch (error) {
      problem.value = error.message;
    }
  };
  const drop = (invitation) => {
    dropped.add(invitation.id);
    list.value = list.value.filter(({ id }) => id !== invitation.id);
    app.dropInvitation(invitation, () => {
      dropped.delete(invitation.id);
      refresh();
    });
  };
  useEffect(() => void refresh(), []);
  return { list: list.value, problem: problem.value, refresh, drop };
}

export const Invitations = ({ invitations: { list, problem, refresh, drop } }) => html`
  <div class="page-body">
    <p class="soft">${t('invitations.help')}</p>
    ${problem && html`<p class="nothing problem" role="alert">${problem}
      <button type="button" class="link" onClick=${refresh}><${Icon} name="again" />${t('job.again')}</button></p>`}
    ${!list && !problem && html`<p class="nothing" role="status">${t('list.loading')}</p>`}
    ${list?.length === 0 && html`<p class="nothing" data-testid="invitations-nothing">${t('invitations.none')}</p>`}
    <ul class="invitations">
      ${list?.map((invitation) => html`<${Invitation} key=${invitation.id} invitation=${invitation} drop=${() => drop(invitation)} />`)}
    </ul>
  </div>
`;

function Invitation({ invitation: { role, uses_left: uses, expires_at: expires, created_at: created, created_by: by }, drop }) {
  const made = new Date(created);
  const ends = new Date(expires);
  return html`
    <li data-testid="invitation" data-role=${role}>
      <div class="invitation-what">
        <span>${t('invitations.as', { role: t(`role.${role}`) })} · ${uses === null ? t('invitations.any-number') : t('invitations.left', { n: uses })}</span>
        <span class="soft"><time datetime=${expires} title=${fullTime(ends)}>${t('invitations.until', { time: day(ends) })}</time>${' · '}
          <time datetime=${created} title=${fullTime(made)}>${by ? t('invitations.made-by', { time: day(made), name: by }) : t('invitations.made', { time: day(made) })}</time></span>
      </div>
      <button type="button" class="link" data-testid="invitation-revoke" onClick=${drop}>${t('invitations.revoke')}</button>
    </li>
  `;
}
