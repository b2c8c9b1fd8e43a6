// The pages of those who look after this server, and who sees which.

import { adminPath, dashboardPath, peoplePath } from '../router.js';

// The first that somebody may see is where they begin: moderators where something may wait for them.
const PARTS = [
  ['overview', 'see_metrics'],
  ['people', 'manage_people'],
  ['rooms', 'change_room'],
  ['documents', 'manage_documents'],
  ['reports', 'moderate'],
  ['held', 'moderate'],
  ['sanctions', 'moderate'],
  ['jobs', 'see_every_job'],
  ['tokens', 'manage_people'],
  ['hooks', 'manage_hooks'],
  ['commands', 'manage_settings'],
  ['audit', 'see_audit_log'],
  ['settings', 'manage_settings'],
];

// Pages that stand elsewhere.
const ELSEWHERE = {
  people: { path: peoplePath(), open: (app) => app.openPeople() },
  jobs: { path: dashboardPath(), open: (app) => app.openDashboard() },
};

/** `[{name, path}]` of the pages that this person may see. */
export const adminPartsFor = (app) =>
  PARTS.filter(([, ability]) => app.may(ability)).map(([name]) => ({ name, path: ELSEWHERE[name]?.path ?? adminPath({ name }) }));

export const openAdminPart = (app, { name }) => (ELSEWHERE[name] ? ELSEWHERE[name].open(app) : app.openAdmin({ name }));
