/** A line in the log for each change of a job's state. */
import type { FastifyBaseLogger } from 'fastify';
import type { Context } from '../context.js';
import type { JobRecord } from '../store/index.js';

/** The daemon's log for lines about one job: each tells the job and its user. */
export function jobLogger(
    log: FastifyBaseLogger,
    { id, userId }: Pick<JobRecord, 'id' | 'userId'>,
): FastifyBaseLogger {
    return log.child({ job: id, user: userId });
}

export function logJobs({ bus, log }: Context): () => void {
    return bus.subscribeAll(({ userId, event: { jobId, state, progress, failure } }) => {
        if (progress) return;
        log.info(
            { job: jobId, user: userId, state, ...(failure && { failure: failure.code }) },
            `job is ${state}`,
        );
    });
}
