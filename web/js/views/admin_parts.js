// The pages of those who look after this server, and who sees which.

import { adminPath, dashboardPath, peoplePath } from '../router.js';

// Each with the ability that it needs; those that share a tab stand together. The first that somebody may see is where they begin:
// moderators where something may wait for them.
const PARTS = [
  ['overview', 'see_metrics'],
  ['people', 'manage_people'],
  ['rooms', 'change_room'],
  ['documents', 'manage_documents'],
  ['reports', 'moderate', 'moderation'],
  ['held', 'moderate', 'moderation'],
  ['sanctions', 'moderate', 'moderation'],
  ['jobs', 'see_every_job'],
  ['tokens', 'manage_people', 'integrations'],
  ['hooks', 'manage_hooks', 'integrations'],
  ['commands', 'manage_settings'],
  ['audit', 'see_audit_log'],
  ['settings', 'manage_settings'],
];

// Pages that stand elsewhere.
const ELSEWHERE = {
  people: { path: peoplePath(), open: (app) => app.openPeople() },
  jobs: { path: dashboardPath(), open: (app) => app.openDashboard() },
};

/** `[{name, tab, path}]` of the pages that this person may see. */
export const adminPartsFor = (app) =>
  PARTS.filter(([, ability]) => app.may(ability)).map(([name, , tab = name]) => ({ name, tab, path: ELSEWHERE[name]?.path ?? adminPath({ name }) }));

/** The same pages by their tabs: `[{name, parts}]`. */
export const adminTabsFor = (app) => {
  const parts = Map.groupBy(adminPartsFor(app), ({ tab }) => tab);
  return [...parts].map(([name, ofTab]) => ({ name: ofTab.length > 1 ? name : ofTab[0].name, parts: ofTab }));
};

export const openAdminPart = (app, { name }) => (ELSEWHERE[name] ? ELSEWHERE[name].open(app) : app.openAdmin({ name }));
