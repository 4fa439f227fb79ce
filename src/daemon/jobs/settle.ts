/** What becomes of a job whose worker could not finish it: it is tried again later, or has failed. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isTransientFailure } from '../../protocol/job-failures.js';
import { RUNNING_STATES } from '../../protocol/job-state.js';
import type { JobFailure } from '../../protocol/messages.js';
import type { Context } from '../context.js';
import { untilWritten } from '../disk-fault.js';
import type { JobRecord, SourceFile, StoredEvent } from '../store/index.js';

/** Failures that only another file can mend. */
const BAD_INPUT = /^(INPUT|RAW)_/;
/** However often it has failed: the time doubles with each retry. */
const LONGEST_DELAY_SECONDS = 3600;

/**
 * When a job is tried again by itself: only for what may pass, and each time after twice the time.
 * @returns milliseconds since the epoch; undefined when it is not
 */
export function retryTime(
    { settings }: Pick<Context, 'settings'>,
    { retries }: Pick<JobRecord, 'retries'>,
    failure: JobFailure,
    now: number,
): number | undefined {
    if (!isTransientFailure(failure) || retries >= settings.retries) return undefined;
    const seconds = Math.min(settings.retryDelay * 2 ** retries, LONGEST_DELAY_SECONDS);
    return now + seconds * 1000;
}

/** Puts a running job back into the queue, for no fault of its own. */
export function putBack({ store, bus, queue }: Context, { id, attempt }: JobRecord): void {
    bus.publish([store.jobs.transition(id, 'queued', Date.now(), { attempt }, RUNNING_STATES)]);
    queue.wake();
}

/**
 * Ends an attempt that failed. A job that was cancelled, or has another attempt by now, stays as
 * it is.
 * @returns the time of the next attempt, if there is to be one
 */
export async function settleFailure(
    context: Context,
    job: JobRecord,
    failure: JobFailure,
): Promise<number | undefined> {
    const { store, bus, folders, retries } = context;
    const now = Date.now();
    const { id, attempt } = job;
    const retryAt = retryTime(context, job, failure, now);
    if (retryAt !== undefined) {
        const patch = { failure, retryAt, attempt };
        bus.publish([
            await untilWritten(context, () =>
                store.jobs.transition(id, 'queued', now, patch, RUNNING_STATES),
            ),
        ]);
        retries.schedule();
        return retryAt;
    }
    const end = (): [StoredEvent | undefined, SourceFile | undefined] => {
        const patch = { failure, attempt };
        const event = store.jobs.transition(id, 'failed', now, patch, RUNNING_STATES);
        const isUnusable = event !== undefined && BAD_INPUT.test(failure.code);
        const { userId, fileId } = job;
        return [event, isUnusable ? store.files.release(userId, fileId, true) : undefined];
    };
    const [event, unusable] = await untilWritten(context, () => store.transaction(end));
    if (unusable) await rm(join(folders.sources, unusable.storage), { force: true });
    bus.publish([event]);
    return undefined;
}
