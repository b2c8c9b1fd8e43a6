// How the server is doing: who is there, what is said and done, and what it takes.

import { asFigures } from '../../admin/overview.js';
import { html, useEffect, useRef } from '../../html.js';
import { fullTime, number, span, t } from '../../i18n.js';
import { Stats } from '../../plots/stats.js';
import { bytes } from '../../sizes.js';
import { Figures, most, sum } from '../figures.js';
import { Icon } from '../icons.js';
import { Checkup } from './checkup.js';

export function Overview({ app }) {
  const stats = useStats(app);
  const figures = stats.figures.value;
  return html`
    <div class="page-body">
      ${figures?.concerns.length > 0 && html`<${Concerns} concerns=${figures.concerns} />`}
      <${Figures} stats=${stats} label=${t('admin.overview')} plots=${PLOTS}><${Numbers} now=${figures} /><//>
      ${figures && html`<${Facts} app=${app} figures=${figures} />`}
      <${Checkup} app=${app} />
    </div>
  `;
}

function useStats(app) {
  const kept = useRef(null);
  kept.current ??= new Stats(async (wanted) => asFigures(await app.fetchOverview(wanted), wanted, Date.now() + app.clockSkew()));
  useEffect(() => {
    kept.current.refresh();
    return () => kept.current.stop();
  }, []);
  return kept.current;
}

const whole = (value) => number(Math.round(value));

const NUMBERS = [
  ['online', ({ members_online: online }) => number(online)],
  ['connections', ({ connections }) => number(connections)],
  ['accounts', ({ accounts }) => number(accounts)],
  ['rooms', ({ rooms }) => number(rooms)],
  ['messages', ({ messages }) => number(messages)],
  ['jobs', ({ jobs }) => number(jobs.queued + jobs.running)],
  ['memory', ({ memory_bytes: memory }) => (memory ? bytes(memory) : '–')],
  ['disk', ({ bytes: disk }) => (disk ? bytes(disk) : '–')],
];

const Numbers = ({ now }) => html`
  <dl class="numbers" data-testid="overview-numbers">
    ${NUMBERS.map(([name, write]) => html`<div key=${name} data-number=${name}><dt>${t(`overview.${name}`)}</dt><dd>${now ? write(now) : '–'}</dd></div>`)}
  </dl>
`;

const Concerns = ({ concerns }) => html`
  <ul class="concerns" role="alert" data-testid="overview-concerns">
    ${concerns.map((concern) => html`<li key=${concern}><${Icon} name="alert" /><span>${concern}</span></li>`)}
  </ul>
`;

function Facts({ app, figures: { version, started_at: started, free_bytes: free, certificate, jobs, purge, backup } }) {
  const since = new Date(started);
  const facts = [
    ['version', version],
    ['started', html`<time datetime=${started} title=${fullTime(since)}>${t('overview.ago', { time: ago(app, started) })}</time>`],
    ['free', free && bytes(free)],
    ['backup', backupWords(app, backup)],
    ['certificate', certificate && html`<time datetime=${certificate.not_after}>${t('overview.until', { time: fullTime(new Date(certificate.not_after)) })}</time>`],
    ['purged', purge.messages > 0 && t('overview.purged-and-last', { n: purge.messages, last: purge.last.messages, time: ago(app, purge.last_at) })],
    ...['scheduled', 'retrying', 'dead'].map((state) => [state, number(jobs[state])]),
  ];
  return html`
    <dl class="overview-facts" data-testid="overview-facts">
      ${facts.filter(([, value]) => value).map(([name, value]) => html`<div key=${name}><dt>${t(`overview.${name}`)}</dt><dd>${value}</dd></div>`)}
    </dl>
  `;
}

function backupWords(app, { last_at: last, bytes: size, failed_at: failed }) {
  const made = last ? t('overview.backup-made', { time: ago(app, last), size: bytes(size) }) : t('overview.backup-none');
  return failed ? t('overview.backup-failed', { time: ago(app, failed), made }) : made;
}

const ago = (app, at) => span(Date.now() + app.clockSkew() - new Date(at));

const values = ({ points }, name) => points.map((point) => point[name]);
const nowAndMost = (figures, now, name, write) => t('overview.now-and-most', { now: write(now ?? 0), most: write(most([now, ...values(figures, name)])) });
const curve = (name, colour, kind) => ({ name, colour, kind, value: (point) => point[name] ?? null });

const PLOTS = [
  {
    name: 'connections', words: 'overview.connections', write: whole, whole: true, curves: [curve('connections', '--plan', 'area')],
    sentence: (figures) => nowAndMost(figures, figures.connections, 'connections', whole),
  },
  {
    name: 'messages', words: 'overview.messages-per-step', write: whole, whole: true, curves: [curve('messages', '--accent', 'bars')],
    sentence: (figures) => t('overview.in-all', { n: sum(values(figures, 'messages')) }),
  },
  {
    name: 'jobs', words: 'overview.jobs-per-step', write: whole, whole: true, curves: [curve('jobs', '--good', 'bars')],
    sentence: (figures) => t('overview.in-all', { n: sum(values(figures, 'jobs')) }),
  },
  {
    name: 'memory', words: 'overview.memory', write: bytes, whole: true, curves: [curve('memory', '--info', 'area')],
    sentence: (figures) => nowAndMost(figures, figures.memory_bytes, 'memory', bytes),
  },
  {
    name: 'disk', words: 'overview.disk', write: bytes, whole: true, curves: [curve('disk', '--wait', 'area')],
    sentence: (figures) => nowAndMost(figures, figures.bytes, 'disk', bytes),
  },
];
