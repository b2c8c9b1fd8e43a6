// Who is in the room now.

import { html } from '../html.js';
import { t } from '../i18n.js';
import { Avatar } from './avatar.js';
import { Panel } from './panel.js';

export function PeoplePanel({ app, name }) {
  const room = app.chat.room(name);
  const members = [...room.members.values()].sort((a, b) => a.handle.localeCompare(b.handle));
  const unnamed = Math.max(0, room.count - members.length);
  return html`
    <${Panel} title=${t('people.title')}>
      <ul class="people">
        ${members.map(({ handle, role }) => html`
          <li key=${handle}>
            <${Avatar} handle=${handle} role=${role} />
            <span class="name">${handle}</span>
            ${role !== 'user' && html`<span class="tag">${t(`role.${role}`)}</span>`}
          </li>`)}
      </ul>
      ${unnamed > 0 && html`<p class="nothing">${t('people.more', { n: unnamed })}</p>`}
    <//>
  `;
}
