// The dashboard: every job one may see, as it goes, with what was and what will be.

import { Board } from '../../dashboard/board.js';
import { html, useEffect, useRef } from '../../html.js';
import { t } from '../../i18n.js';
import { beforePaint } from '../../paint.js';
import { Stats } from '../../plots/stats.js';
import { dashboardPath } from '../../router.js';
import { loadFigureStyles } from '../figures.js';
import { stylesOf } from '../lazy.js';
import { insidePage } from '../links.js';
import { PageHeader } from '../page_header.js';
import { filterFromAddress, Filters } from './filters.js';
import { JobDetails } from './job_details.js';
import { JobTable } from './job_table.js';
import { Plots } from './plots.js';
import { Schedules } from './schedules.js';
import { StartForm } from './start_form.js';

export const loadStyles = () => Promise.all([stylesOf('pages', 'dashboard'), loadFigureStyles()]);

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

const Header = ({ app, part }) => html`
  <${PageHeader} app=${app} place="dashboard" part=${part} title=${t('dashboard.title')} unseen>
    <nav class="tabs" aria-label=${t('dashboard.title')}>
      ${TABS.map(([name, key]) => html`
        <a href=${dashboardPath({ name })} data-testid="tab-${name}" aria-current=${part.name === name ? 'page' : undefined}
          onClick=${insidePage(() => app.openDashboard({ name }))}>${t(key)}</a>`)}
    </nav>
    <span class="spacer"></span>
  <//>
`;

const Overview = ({ app, board, stats }) => html`
  <div class="page-body">
    <${StartForm} app=${app} board=${board} />
    <${Plots} app=${app} stats=${stats} />
    <section aria-label=${t('jobs.title-all')}>
      <${Filters} app=${app} board=${board} />
      <${JobTable} app=${app} board=${board} />
    </section>
  </div>
`;
