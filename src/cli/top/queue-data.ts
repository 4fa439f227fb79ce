/** What `top` shows, as the daemon tells it: fetched whole, and kept up by events in between. */
import type { Client } from '../../client/client.js';
import type { ServerStats } from '../../client/requests.js';
import { isEnd } from '../../protocol/job-state.js';
import type { JobState } from '../../protocol/job-state.js';
import type { Job, JobEvent } from '../../protocol/messages.js';

const OPEN_STATES = [
    'uploading',
    'queued',
    'probing',
    'encoding',
    'packaging',
] as const satisfies readonly JobState[];

/** Open jobs that are asked for; a queue that is longer is counted, not listed. */
const MAX_OPEN = 500;

export interface QueueData {
    /** http(s)://HOST:PORT */
    server: string;
    stats: ServerStats;
    /** What runs, then uploads, then what waits in its order, then what ended last. */
    jobs: readonly Job[];
}

/** Jobs whose worker is at it come first, then uploads, the queue, and the history. */
function group({ state }: Job): number {
    if (isEnd(state)) return 3;
    return state === 'queued' ? 2 : state === 'uploading' ? 1 : 0;
}

/** Jobs without a place wait for something else than a worker: they come behind those with one. */
const place = ({ forecast }: Job): number => forecast?.position ?? Number.MAX_SAFE_INTEGER;

/** A stable order, so that nothing jumps about that has not changed. */
export function inOrder(jobs: readonly Job[]): Job[] {
    return jobs.toSorted((a, b) => {
        const difference = group(a) - group(b);
        if (difference !== 0) return difference;
        if (group(a) === 3) return (b.finishedAt ?? '').localeCompare(a.finishedAt ?? '');
        const since = ({ startedAt, createdAt }: Job): string => startedAt ?? createdAt;
        return place(a) - place(b) || since(a).localeCompare(since(b)) || a.id.localeCompare(b.id);
    });
}

/** @param all every user's jobs, for administrators */
export async function fetchQueue(client: Client, all: boolean): Promise<QueueData> {
    const [stats, open] = await Promise.all([
        client.stats(),
        client.jobs({ states: OPEN_STATES, limit: MAX_OPEN, all }),
    ]);
    // A job may have ended between the two answers.
    const ended = new Set(stats.recent.map(({ id }) => id));
    const jobs = inOrder([...open.filter(({ id }) => !ended.has(id)), ...stats.recent]);
    return { server: client.server, stats, jobs };
}

/** The data after an event; the same object for a job that is not in it. */
export function applyEvent(data: QueueData, event: JobEvent): QueueData {
    const { jobId, state, progress, result, failure } = event;
    if (!data.jobs.some(({ id }) => id === jobId)) return data;
    const jobs = data.jobs.map((job) =>
        job.id === jobId ? { ...job, state, progress, result, failure } : job,
    );
    return { ...data, jobs: inOrder(jobs) };
}
