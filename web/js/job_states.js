// What the states of a job mean to a page: which belong together and what may be
// done in them. Pure.

export const STATES = ['queued', 'running', 'scheduled', 'retrying', 'completed', 'failed', 'dead', 'cancelled', 'interrupted'];

/** States that one asks for together. */
export const GROUPS = {
  open: ['queued', 'running'],
  scheduled: ['scheduled', 'retrying'],
  ended: ['completed', 'failed', 'dead', 'cancelled', 'interrupted'],
  problems: ['failed', 'dead'],
};

export const hasEnded = ({ state }) => GROUPS.ended.includes(state);

/** Not queued: it waits until it is due. */
export const waitsForItsTime = ({ state }) => GROUPS.scheduled.includes(state);

export const mayBeRetried = ({ state }) => hasEnded({ state }) && state !== 'completed';

/** What stands for all commands among those that are paused. */
export const EVERY_COMMAND = '*';
