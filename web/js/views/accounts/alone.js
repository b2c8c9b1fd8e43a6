// The frame of what stands there alone, without the rooms: where there is one thing to do.

import { html } from '../../html.js';
import { LanguageChoice, ThemeTool } from '../account.js';

export const Alone = ({ app, testid, children }) => html`
  <main class="alone-page" data-testid=${testid}>
    <header class="alone-head"><span>chatbot</span><span class="spacer"></span><${LanguageChoice} app=${app} /><${ThemeTool} /></header>
    <div class="alone-body">${children}</div>
  </main>
`;
