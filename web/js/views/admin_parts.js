// The pages of those who look after this server, and who sees which.

import { adminPath, peoplePath } from '../router.js';

const PARTS = [
  ['overview', 'see_metrics'],
  ['people', 'manage_people'],
  ['rooms', 'change_room'],
  ['reports', 'moderate'],
  ['held', 'moderate'],
  ['sanctions', 'moderate'],
  ['commands', 'manage_settings'],
  ['audit', 'see_audit_log'],
  ['settings', 'manage_settings'],
];

/** `[{name, path}]` of the pages that this person may see. */
export const adminPartsFor = (app) =>
  PARTS.filter(([, ability]) => app.may(ability)).map(([name]) => ({ name, path: name === 'people' ? peoplePath() : adminPath({ name }) }));

export const openAdminPart = (app, { name }) => (name === 'people' ? app.openPeople() : app.openAdmin({ name }));
