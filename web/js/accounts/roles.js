// Who may give which role to whom, as the server decides it. Pure.

/** From the one that may least to the one that may most. */
export const ROLES = ['member', 'moderator', 'admin', 'owner'];

// Those who look after the others are made and changed by owners only.
const LOOKED_AFTER = ['member', 'moderator'];

/** The roles that somebody with the role `own` may give. */
export const rolesToGive = (own) => (own === 'owner' ? ROLES : LOOKED_AFTER.filter((role) => ROLES.indexOf(role) <= ROLES.indexOf(own)));

/** Whether somebody with the role `own` may change an account with that role. */
export const mayChange = (own, role) => rolesToGive(own).includes(role);
