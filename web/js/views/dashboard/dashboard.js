// The dashboard: every job one may see, as it goes, with what was and what will be.

import { Board } from '../../dashboard/board.js';
import { Stats } from '../../dashboard/stats.js';
import { html, useEffect, useLayoutEffect, useRef } from '../../html.js';
import { t } from '../../i18n.js';
import { showRooms } from '../../keys.js';
import { beforePaint } from '../../paint.js';
import { dashboardPath } from '../../router.js';
import { drawerOpen } from '../../ui.js';
import { Icon } from '../icons.js';
import { loadStyle } from '../lazy.js';
import { insidePage } from '../links.js';
import { filterFromAddress, Filters } from './filters.js';
import { JobDetails } from './job_details.js';
import { JobTable } from './job_table.js';
import { Plots } from './plots.js';
import { Schedules } from './schedules.js';
import { StartForm } from './start_form.js';

const STYLES = ['../../../vendor/uplot-1.6.32.css', '../../../css/pages.css', '../../../css/dashboard.css'];

export const loadStyles = () => Promise.all(STYLES.map((path) => loadStyle(new URL(path, import.meta.url).href)));

export function Dashboard({ app, part }) {
  const { board, stats } = useLive(app);
  return html`
    <main class="dashboard" data-testid="dashboard">
      <${Header} app=${app} part=${part} />
      ${part.name === 'list' && html`<${Overview} app=${app} board=${board} stats=${stats} />`}
      ${part.name === 'schedules' && html`<${Schedules} app=${app} />`}
      ${part.name === 'job' && html`<${JobDetails} key=${part.id} app=${app} board=${board} id=${part.id} />`}
    </main>
  `;
}

// What is known stays known while one looks at a single job.
function useLive(app) {
  const live = useRef(null);
  live.current ??= {
    board: new Board({ fetch: app.fetchJobs, filter: filterFromAddress(), beforePaint }),
    stats: new Stats(app.fetchStats),
  };
  const { board, stats } = live.current;
  useEffect(() => {
    const refresh = () => {
      board.refresh();
      stats.refresh();
    };
    const changed = (job) => {
      board.changed(job);
      stats.changed();
    };
    const stop = app.chat.watchJobs({ began: refresh, changed });
    refresh();
    return () => {
      stop();
      stats.stop();
    };
  }, []);
  return live.current;
}

const TABS = [
  ['list', 'dashboard.title'],
  ['schedules', 'schedules.title'],
];

function Header({ app, part }) {
  const heading = useRef(null);
  // Where the keyboard goes on from, and what a screen reader says first.
  useLayoutEffect(() => heading.current.focus({ preventScroll: true }), [part.name]);
  return html`
    <header class="room-header">
      <button type="button" class="tool only-narrow" aria-label=${t('rooms.open')} aria-expanded=${drawerOpen.value}
        onClick=${showRooms}><${Icon} name="menu" />${app.chat.totalUnread() > 0 && html`<span class="dot"></span>`}</button>
      <h1 ref=${heading} tabindex="-1" class="unseen">${t('dashboard.title')}</h1>
      <nav class="tabs" aria-label=${t('dashboard.title')}>
        ${TABS.map(([name, key]) => html`
          <a href=${dashboardPath({ name })} data-testid="tab-${name}" aria-current=${part.name === name ? 'page' : undefined}
            onClick=${insidePage(() => app.openDashboard({ name }))}>${t(key)}</a>`)}
      </nav>
      <span class="spacer"></span>
      <button type="button" class="tool" data-testid="dashboard-close" aria-label=${t('dashboard.close')} title=${t('dashboard.close')}
        onClick=${app.closePlace}><${Icon} name="close" /></button>
    </header>
  `;
}

const Overview = ({ app, board, stats }) => html`
  <div class="page-body">
    <${StartForm} app=${app} board=${board} />
    <${Plots} stats=${stats} />
    <section aria-label=${t('jobs.title-all')}>
      <${Filters} app=${app} board=${board} />
      <${JobTable} app=${app} board=${board} />
    </section>
  </div>
`;
