/**
 * What awaits the jobs in the queue: which starts when, and when it is ready. It goes by the rules
 * of `Turns.claim()`, from how far the running jobs are and how long the others should take. Where a
 * duration is not known, the order is still told, and no time that depends on it.
 */
import { isRunning } from '../../protocol/job-state.js';
import type { Forecast } from '../../protocol/messages.js';
import type { PendingJob } from '../store/index.js';

interface User {
    id: number;
    running: number;
    served: number;
    /** In the order in which the user's jobs start. */
    waiting: PendingJob[];
}

/** A worker that has a job; Infinity: it can't be said until when. */
interface Busy {
    userId: number;
    endSeconds: number;
}

const byPriorityAndAge = (a: PendingJob, b: PendingJob): number =>
    b.priority - a.priority || a.number - b.number;

/** The seconds that a running job still needs. */
function remainingSeconds({ progress, estimatedSeconds }: PendingJob): number {
    if (progress?.etaSeconds !== undefined) return progress.etaSeconds;
    return estimatedSeconds ?? Number.POSITIVE_INFINITY;
}

/** Takes the worker that is free first out of the list. */
function takeFirst(busy: Busy[]): Busy | undefined {
    let first = 0;
    for (const [index, { endSeconds }] of busy.entries()) {
        if (endSeconds < (busy[first]?.endSeconds ?? 0)) first = index;
    }
    return busy.splice(first, 1)[0];
}

function groupByUser(jobs: readonly PendingJob[]): Map<number, User> {
    const users = new Map<number, User>();
    for (const { userId, served } of jobs) {
        if (!users.has(userId)) users.set(userId, { id: userId, running: 0, served, waiting: [] });
    }
    return users;
}

/** The user whose first job is next. */
function nextUser(users: Iterable<User>): User | undefined {
    let next: User | undefined;
    for (const user of users) {
        const [job] = user.waiting;
        if (!job) continue;
        const [best] = next?.waiting ?? [];
        if (!next || !best || isBefore(user, job, next, best)) next = user;
    }
    return next;
}

function isBefore(user: User, job: PendingJob, other: User, best: PendingJob): boolean {
    if (job.priority !== best.priority) return job.priority > best.priority;
    if (user.running !== other.running) return user.running < other.running;
    if (user.served !== other.served) return user.served < other.served;
    return byPriorityAndAge(job, best) < 0;
}

/**
 * @param workers jobs that run at once, here and on worker machines
 * @param nowMs since the epoch
 * @returns the forecast of each job in the queue, by its id
 */
export function forecast(
    jobs: readonly PendingJob[],
    { workers, isPaused, nowMs }: { workers: number; isPaused: boolean; nowMs: number },
): Map<string, Forecast> {
    const forecasts = new Map<string, Forecast>();
    const users = groupByUser(jobs);
    const busy: Busy[] = [];
    /** When the encode of each request ends. */
    const ends = new Map<string, number>();
    for (const job of jobs) {
        if (!isRunning(job.state)) continue;
        const endSeconds = remainingSeconds(job);
        busy.push({ userId: job.userId, endSeconds });
        ends.set(job.requestKey, endSeconds);
        const user = users.get(job.userId);
        if (user) user.running += 1;
    }
    const seconds = (value: number): number | undefined =>
        isPaused || !Number.isFinite(value) ? undefined : Math.round(value);
    const tell = (job: PendingJob, position?: number, start?: number): void => {
        const startSeconds = start === undefined ? undefined : seconds(start);
        const etaSeconds = seconds(ends.get(job.requestKey) ?? Number.POSITIVE_INFINITY);
        forecasts.set(job.id, {
            ...(position !== undefined && { position }),
            ...(startSeconds !== undefined && { startSeconds }),
            ...(etaSeconds !== undefined && { etaSeconds }),
        });
    };

    const later: PendingJob[] = [];
    for (const job of [...jobs].sort(byPriorityAndAge)) {
        if (job.state !== 'queued') continue;
        if (job.retryAt !== undefined && job.retryAt > nowMs) forecasts.set(job.id, {});
        else users.get(job.userId)?.waiting.push(job);
    }
    let served = Math.max(0, ...jobs.map((job) => job.served));
    let position = 0;
    for (;;) {
        const first = busy.length < workers ? undefined : takeFirst(busy);
        const freed = first && users.get(first.userId);
        if (freed) freed.running -= 1;
        let user = nextUser(users.values());
        // One that is encoded already, or comes sooner, answers the equal ones as well.
        while (user?.waiting[0] && ends.has(user.waiting[0].requestKey)) {
            later.push(...user.waiting.splice(0, 1));
            user = nextUser(users.values());
        }
        const job = user?.waiting.shift();
        if (!user || !job) break;
        const start = first?.endSeconds ?? 0;
        const endSeconds = start + (job.estimatedSeconds ?? Number.POSITIVE_INFINITY);
        busy.push({ userId: user.id, endSeconds });
        ends.set(job.requestKey, endSeconds);
        user.running += 1;
        user.served = served += 1;
        position += 1;
        tell(job, position, start);
    }
    for (const job of later) tell(job);
    return forecasts;
}
