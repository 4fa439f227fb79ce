/** What users do to their jobs, and administrators to all: cancel, retry, prioritise, remove. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KvzError } from '../../protocol/errors.js';
import { isEnd } from '../../protocol/job-state.js';
import { isAdmin } from '../access/rights.js';
import type { Context } from '../context.js';
import type { JobRecord, User } from '../store/index.js';
import { removeResultFiles } from '../results/result-files.js';
import { abandonUpload } from '../uploads/complete.js';
import { answerFromResult } from './enqueue.js';
import { removeJobLog } from './job-log.js';

const unknownJob = (jobId: string): KvzError =>
    new KvzError('UNKNOWN_JOB', `there is no job ${jobId}`);

/** @throws KvzError UNKNOWN_JOB, also for a job of somebody else */
export function ownJob({ store }: Context, user: User, jobId: string): JobRecord {
    const job = store.jobs.ofUser(user.id, jobId);
    if (!job) throw unknownJob(jobId);
    return job;
}

/** As {@link ownJob}; an administrator has a hand in everybody's jobs, if not in what they hold. */
export function jobFor(context: Context, user: User, jobId: string): JobRecord {
    const job = isAdmin(user) ? context.store.jobs.get(jobId) : undefined;
    return job ?? ownJob(context, user, jobId);
}

const wrongState = (job: JobRecord, wish: string): KvzError =>
    new KvzError('WRONG_STATE', `job ${job.id} is ${job.state} and cannot be ${wish}`, {
        jobId: job.id,
    });

/** @throws KvzError UNKNOWN_JOB; WRONG_STATE when the job has ended */
export async function cancelJob(context: Context, user: User, jobId: string): Promise<void> {
    const { store, bus } = context;
    const job = jobFor(context, user, jobId);
    const event = store.jobs.transition(job.id, 'cancelled', Date.now());
    if (!event) throw wrongState(job, 'cancelled');
    bus.publish([event]);
    context.abortJob(job.id, 'cancelled');
    await abandonUnusedUpload(context, job);
    // Somebody else may have waited for the result of this one.
    context.queue.wake();
}

/** @throws KvzError UNKNOWN_JOB; WRONG_STATE when a worker has the job already, or it has ended */
export function prioritiseJob(context: Context, user: User, jobId: string, priority: number): void {
    const job = jobFor(context, user, jobId);
    if (!context.store.turns.prioritise(job.id, priority))
        throw wrongState(job, 'moved in the queue');
}

/** An open upload ends with the last job that waits for it. */
async function abandonUnusedUpload(context: Context, job: JobRecord): Promise<void> {
    const { store } = context;
    const upload = job.uploadId === undefined ? undefined : store.uploads.get(job.uploadId);
    if (upload?.state !== 'open' || store.jobs.ofUpload(upload.id, 'uploading').length > 0) return;
    await abandonUpload(context, upload, 'cancelled');
}

/**
 * Puts a job that failed or was cancelled back into the queue, or lets one that is to be tried
 * again later run now.
 * @throws KvzError UNKNOWN_JOB; WRONG_STATE, also when its source is gone; DUPLICATE_REQUEST
 */
export function retryJob(context: Context, user: User, jobId: string): void {
    const { store, bus, queue } = context;
    const job = jobFor(context, user, jobId);
    const sooner = store.turns.retryNow(job.id, Date.now());
    if (sooner) {
        bus.publish([sooner]);
        queue.wake();
        return;
    }
    if (!isEnd(job.state) || job.state === 'ready') throw wrongState(job, 'retried');
    if (!store.files.isPossessed(job.userId, job.fileId)) {
        throw new KvzError(
            'WRONG_STATE',
            `the file of job ${job.id} is not here completely; encode it again`,
            { jobId: job.id },
        );
    }
    if (store.jobs.findSameRequest(job.userId, job.requestKey)) {
        throw new KvzError('DUPLICATE_REQUEST', 'the same request has another job by now');
    }
    const events = store.transaction(() => [
        store.jobs.transition(job.id, 'queued', Date.now(), { reset: true }, [job.state]),
        answerFromResult(context, job),
    ]);
    bus.publish(events);
    queue.wake();
}

/**
 * Deletes a job that has ended. Its result and its source go with the last job that refers to
 * them. @throws KvzError UNKNOWN_JOB; WRONG_STATE when the job has not ended
 */
export async function removeJob(context: Context, user: User, jobId: string): Promise<void> {
    const { store, folders } = context;
    const job = jobFor(context, user, jobId);
    const dropped = store.transaction(() => {
        if (!store.jobs.remove(job.id)) throw wrongState(job, 'removed; cancel it first');
        return {
            file: store.files.release(job.userId, job.fileId, false),
            result: job.resultId === undefined ? undefined : store.results.dropUnused(job.resultId),
        };
    });
    if (dropped.file) await rm(join(folders.sources, dropped.file.storage), { force: true });
    if (dropped.result) await removeResultFiles(folders, dropped.result.id);
    await removeJobLog(folders, job.id);
}
