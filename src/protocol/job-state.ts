/**
 * The states of a job and the steps between them.
 *
 *     uploading ──> queued ──> probing ──> encoding ──> packaging ──> ready ──> expired
 *                     ^  │        │            │            │           ^
 *                     │  └────────│────────────│────────────│───────────┘  (result known)
 *                     └───────────┴────────────┴────────────┘  daemon stopped or crashed
 *
 * From every state that is not an end a job can become `failed` or `cancelled`; an upload that
 * went silent becomes `expired`. `retry` puts a failed, cancelled or expired job back.
 * The state says where a job is; why it failed is told apart from it, in its failure.
 */

export const JOB_STATES = [
    'uploading',
    'queued',
    'probing',
    'encoding',
    'packaging',
    'ready',
    'failed',
    'cancelled',
    'expired',
] as const;

export type JobState = (typeof JOB_STATES)[number];

/** The states in which a worker holds the job. */
export const RUNNING_STATES = ['probing', 'encoding', 'packaging'] as const;
export type RunningState = (typeof RUNNING_STATES)[number];

const ENDS = ['ready', 'failed', 'cancelled', 'expired'] as const satisfies readonly JobState[];
export type EndState = (typeof ENDS)[number];

const NEXT: Record<JobState, readonly JobState[]> = {
    uploading: ['queued', 'failed', 'cancelled', 'expired'],
    queued: ['probing', 'ready', 'failed', 'cancelled'],
    probing: ['encoding', 'queued', 'failed', 'cancelled'],
    encoding: ['packaging', 'queued', 'failed', 'cancelled'],
    packaging: ['ready', 'queued', 'failed', 'cancelled'],
    ready: ['expired'],
    failed: ['queued'],
    cancelled: ['queued'],
    expired: ['queued'],
};

/** Whether a job may go from one state to another. */
export function canTransition(from: JobState, to: JobState): boolean {
    return NEXT[from].includes(to);
}

/** The states from which a job may go to `to`. */
export function statesBefore(to: JobState): JobState[] {
    return JOB_STATES.filter((from) => canTransition(from, to));
}

/** Whether nothing more happens to a job in this state by itself. */
export function isEnd(state: JobState): state is EndState {
    return (ENDS as readonly JobState[]).includes(state);
}

export function isRunning(state: JobState): state is RunningState {
    return (RUNNING_STATES as readonly JobState[]).includes(state);
}
