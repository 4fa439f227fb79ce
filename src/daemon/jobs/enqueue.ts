/** How a job joins the queue, or is answered by a result that is there. */
import type { Context } from '../context.js';
import type { JobRecord, NewJob, StoredEvent } from '../store/index.js';

/** A job that has just become queued is answered at once where its result is known already. */
export function answerFromResult(
    { store }: Context,
    job: Pick<JobRecord, 'id' | 'requestKey'>,
): StoredEvent | undefined {
    const result = store.results.byRequest(job.requestKey);
    return (
        result &&
        store.jobs.transition(job.id, 'ready', Date.now(), { resultId: result.id }, ['queued'])
    );
}

/** Writes a new job whose file is here, and lets the queue know. */
export function enqueue(context: Context, newJob: NewJob): JobRecord {
    const { store, bus, queue } = context;
    const [job, events] = store.transaction(() => {
        const [job, created] = store.jobs.create(newJob, 'queued', Date.now());
        return [job, [created, answerFromResult(context, job)]] as const;
    });
    bus.publish(events);
    queue.wake();
    return job;
}
