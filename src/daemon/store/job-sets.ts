/** Sets of job states as SQL. */
import { RUNNING_STATES, type JobState } from '../../protocol/job-state.js';

/** What stands within the parentheses of IN. */
export const inList = (states: readonly JobState[]): string =>
    states.map((state) => `'${state}'`).join(', ');

export const RUNNING = inList(RUNNING_STATES);
