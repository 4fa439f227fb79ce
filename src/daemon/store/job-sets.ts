/** Sets of job states as SQL. */
import { RUNNING_STATES, type JobState } from '../../protocol/job-state.js';

/** What stands within the parentheses of IN. */
export const inList = (states: readonly JobState[]): string =>
    states.map((state) => `'${state}'`).join(', ');

/** The states in which a worker holds the job, as {@link inList} writes them. */
export const RUNNING = inList(RUNNING_STATES);
