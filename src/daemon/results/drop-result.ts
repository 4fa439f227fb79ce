/** The end of a result. */
import type { DaemonFailure } from '../../protocol/job-failures.js';
import type { Context } from '../context.js';
import { removeResultFiles } from './result-files.js';

/**
 * Ends a result for all of its jobs: they expire, and their requests are new again. Downloads that
 * are being answered keep their open file and come to their end.
 * @param why what users are told
 */
export async function dropResult(
    { store, bus, folders }: Context,
    resultId: string,
    why: DaemonFailure,
): Promise<void> {
    const now = Date.now();
    const events = store.transaction(() => {
        const expired = store.jobs
            .withResult(resultId)
            .map((job) =>
                store.jobs.transition(job.id, 'expired', now, { failure: why }, ['ready']),
            );
        store.jobs.detachResult(resultId);
        store.results.dropUnused(resultId);
        return expired;
    });
    bus.publish(events);
    await removeResultFiles(folders, resultId);
}
