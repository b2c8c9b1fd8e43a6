// The pages of those who look after this server, beside that of people.

import { html } from '../../html.js';
import { loadFigureStyles } from '../figures.js';
import { adminPartsFor } from '../admin_parts.js';
import { stylesOf } from '../lazy.js';
import { Audit } from './audit.js';
import { Commands } from './commands.js';
import { Documents } from './documents.js';
import { Held } from './held.js';
import { AdminHeader, NotAllowed } from './header.js';
import { Hooks } from './hooks.js';
import { Overview } from './overview.js';
import { Reports } from './reports.js';
import { Rooms } from './rooms.js';
import { Sanctions } from './sanctions.js';
import { Settings } from './settings.js';
import { Tokens } from './tokens.js';

export const loadStyles = () => Promise.all([stylesOf('pages', 'forms', 'moderation', 'admin'), loadFigureStyles()]);

const PAGES = {
  overview: Overview,
  rooms: Rooms,
  documents: Documents,
  reports: Reports,
  held: Held,
  sanctions: Sanctions,
  tokens: Tokens,
  hooks: Hooks,
  commands: Commands,
  audit: Audit,
  settings: Settings,
};

export function Admin({ app, part }) {
  const Page = PAGES[part.name];
  const isAllowed = adminPartsFor(app).some(({ name }) => name === part.name);
  return html`
    <main class="admin" data-testid="admin-${part.name}">
      <${AdminHeader} app=${app} here=${part.name} part=${part} />
      ${isAllowed ? html`<${Page} key=${part.name} app=${app} />` : html`<${NotAllowed} app=${app} />`}
    </main>
  `;
}
