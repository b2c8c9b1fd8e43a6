// Who is in the room now, and writing to one of them alone.

import { html } from '../html.js';
import { t } from '../i18n.js';
import { isDirect } from '../router.js';
import { Avatar } from './avatar.js';
import { Icon } from './icons.js';
import { Panel } from './panel.js';
import { RoleMark } from './role_mark.js';

export function PeoplePanel({ app, name }) {
  const room = app.chat.room(name);
  const members = [...room.members.values()].sort((a, b) => a.handle.localeCompare(b.handle));
  const unnamed = Math.max(0, room.count - members.length);
  return html`
    <${Panel} title=${t('people.title')}>
      <ul class="people">
        ${members.map((member) => html`
          <li key=${member.handle}>
            <${Avatar} handle=${member.handle} role=${member.role} />
            <span class="name">${member.handle}</span>
            ${(member.author_role || member.role !== 'user') && html`<${RoleMark} of=${member} />`}
            ${app.mayWriteTo(member) && !isDirect(name) && html`<${WriteTo} app=${app} handle=${member.handle} />`}
          </li>`)}
      </ul>
      ${unnamed > 0 && html`<p class="nothing">${t('people.more', { n: unnamed })}</p>`}
    <//>
  `;
}

const WriteTo = ({ app, handle }) => html`
  <button type="button" class="tool" data-testid="write-to" aria-label=${t('people.write-to', { name: handle })}
    title=${t('people.write-to', { name: handle })} onClick=${() => app.writeTo(handle)}><${Icon} name="write" /></button>
`;
