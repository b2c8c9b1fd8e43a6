// The line above a page: the way to the rooms, what the page is, and the way back.

import { html, useLayoutEffect, useRef } from '../html.js';
import { t } from '../i18n.js';
import { showRooms } from '../keys.js';
import { drawerOpen } from '../ui.js';
import { Icon } from './icons.js';

/** `place` names the page and `part` what is seen of it; its title is `unseen` where tabs say the same. */
export function PageHeader({ app, place, part, title, unseen = false, children }) {
  const heading = useRef(null);
  // Where the keyboard goes on from, and what a screen reader says first.
  useLayoutEffect(() => heading.current.focus({ preventScroll: true }), [part.name]);
  return html`
    <header class="room-header">
      <${RoomsButton} app=${app} />
      <h1 ref=${heading} tabindex="-1" class=${unseen ? 'unseen' : undefined}>${title}</h1>
      ${children}
      <button type="button" class="tool" data-testid="${place}-close" aria-label=${t('dashboard.close')} title=${t('dashboard.close')}
        onClick=${app.closePlace}><${Icon} name="close" /></button>
    </header>
  `;
}

/** Opens the list of rooms where there is no place for it beside. */
export const RoomsButton = ({ app }) => html`
  <button type="button" class="tool only-narrow" aria-label=${t('rooms.open')} aria-expanded=${drawerOpen.value}
    onClick=${showRooms}><${Icon} name="menu" />${app.chat.totalUnread() > 0 && html`<span class="dot"></span>`}</button>
`;
