/**
 * Jobs that workers on other machines hold. Each is held under a lease, which a worker renews with
 * its reports; when it has run out the job goes back to the queue, and of that attempt nothing is
 * taken any more. Time is the daemon's own, and no clock on the wall.
 */
import { KvzError } from '../../protocol/errors.js';
import { isRunning, RUNNING_STATES, type RunningState } from '../../protocol/job-state.js';
import type { JobFailure } from '../../protocol/messages.js';
import type {
    Assignment,
    Claim,
    ReportReply,
    WorkerReport,
} from '../../protocol/worker-messages.js';
import type { Context } from '../context.js';
import { Attempt } from '../jobs/attempt.js';
import { jobLimits } from '../jobs/job-limits.js';
import { abandonUpload } from '../uploads/complete.js';
import type { RemoteWorker } from './registry.js';

interface Held {
    attempt: Attempt;
    workerId: string;
    /** Milliseconds of `performance.now()`. */
    heardAt: number;
    phase: RunningState;
    /** Aborted when the attempt is over. */
    ending: AbortController;
}

/** An attempt whose result is here, and a signal that is aborted when it is over. */
export interface Delivered {
    attempt: Attempt;
    signal: AbortSignal;
}

export interface AttemptName {
    jobId: string;
    /** Counted from 1. */
    attempt: number;
}

export class RemoteJobs {
    readonly #context: Context;
    readonly #onUsed: (ticket: Claim) => void;
    readonly #held = new Map<string, Held>();

    /** @param onUsed told of each ticket that a worker has come with */
    constructor(context: Context, onUsed: (ticket: Claim) => void) {
        this.#context = context;
        this.#onUsed = onUsed;
    }

    /** Jobs that workers hold. */
    get count(): number {
        return this.#held.size;
    }

    /** Jobs that a worker holds. */
    countOf(workerId: string): number {
        return [...this.#held.values()].filter((held) => held.workerId === workerId).length;
    }

    /** Takes over, after a restart, what workers may still be at: they get a new lease. */
    async adopt(): Promise<void> {
        const { store } = this.#context;
        for (const job of store.jobs.inStates(RUNNING_STATES)) {
            if (job.worker === undefined || !isRunning(job.state)) continue;
            this.#hold(new Attempt(this.#context, job), job.worker, job.state);
        }
        for (const upload of store.uploads.allOpen()) {
            if (!upload.result) continue;
            const { jobId, attempt } = upload.result;
            if (this.#held.get(jobId)?.attempt.job.attempt === attempt) continue;
            await abandonUpload(this.#context, upload, 'cancelled');
        }
    }

    /** @throws KvzError UNKNOWN_JOB when the job is not to be had (any more) */
    claim(worker: RemoteWorker, claim: Claim): Assignment {
        const { store, bus, settings, pause, log } = this.#context;
        const claimed = pause.current
            ? undefined
            : store.turns.claimTicket(claim, Date.now(), worker.id);
        this.#onUsed(claim);
        if (!claimed) throw new KvzError('UNKNOWN_JOB', 'this job is not to be had');
        const [job, event] = claimed;
        bus.publish([event]);
        const attempt = new Attempt(this.#context, job);
        this.#hold(attempt, worker.id, 'probing');
        attempt.say('kvz-cloud', `attempt ${job.attempt}, on ${worker.hello.name}`);
        log.info({ job: job.id, user: job.userId, worker: worker.hello.name }, 'job started');
        const file = store.files.get(job.fileId);
        return {
            jobId: job.id,
            attempt: job.attempt,
            file: { id: job.fileId, size: job.size, ...(job.raw && { raw: job.raw }) },
            options: job.options,
            limits: jobLimits(settings),
            source: `/worker/${worker.id}/source?jobId=${job.id}&attempt=${job.attempt}`,
            sharedSource: `sources/${file?.storage ?? ''}`,
        };
    }

    /** Takes the news of a worker. @returns which of the jobs it has lost */
    report(worker: RemoteWorker, { jobs }: WorkerReport): ReportReply {
        const lost: ReportReply['lost'] = [];
        for (const report of jobs) {
            const held = this.find(worker, report);
            if (!held) {
                lost.push({
                    jobId: report.jobId,
                    attempt: report.attempt,
                    reason: this.#whyLost(report),
                });
                continue;
            }
            held.heardAt = performance.now();
            for (const [source, line] of report.log) held.attempt.say(source, line);
            if (report.phase) advance(held, report.phase);
            if (report.progress) held.attempt.progress(report.progress);
        }
        return { lost };
    }

    /** @throws KvzError UNKNOWN_JOB */
    require(worker: RemoteWorker, name: AttemptName): Attempt {
        const held = this.find(worker, name);
        if (!held) throw new KvzError('UNKNOWN_JOB', 'this attempt is over');
        held.heardAt = performance.now();
        return held.attempt;
    }

    /** The attempt whose result is here: nothing of it is encoded any more. */
    delivered(name: AttemptName): Delivered | undefined {
        const held = this.#held.get(name.jobId);
        if (held?.attempt.job.attempt !== name.attempt) return undefined;
        advance(held, 'packaging');
        return { attempt: held.attempt, signal: held.ending.signal };
    }

    find(worker: RemoteWorker, { jobId, attempt }: AttemptName): Held | undefined {
        const held = this.#held.get(jobId);
        const isIts = held?.workerId === worker.id && held.attempt.job.attempt === attempt;
        if (!held || !isIts) return undefined;
        // Cancelled meanwhile, or ended by a result that came from elsewhere.
        const job = this.#context.store.jobs.get(jobId);
        if (job && isRunning(job.state) && job.attempt === attempt) return held;
        void this.drop(jobId);
        return undefined;
    }

    /** Ends an attempt that failed at its worker. @throws KvzError UNKNOWN_JOB */
    async fail(worker: RemoteWorker, name: AttemptName, failure: JobFailure): Promise<void> {
        const attempt = this.require(worker, name);
        await attempt.fail(failure);
        await this.drop(name.jobId);
    }

    /** Puts a job back that its worker cannot finish. @throws KvzError UNKNOWN_JOB */
    async release(worker: RemoteWorker, name: AttemptName): Promise<void> {
        const attempt = this.require(worker, name);
        await attempt.giveBack(`${worker.hello.name} is stopping`);
        await this.drop(name.jobId);
        this.#context.queue.wake();
    }

    /** Ends the leases that have run out. @param leaseMs since the last sign of life */
    async expire(leaseMs: number): Promise<void> {
        const before = performance.now() - leaseMs;
        for (const { attempt, heardAt } of [...this.#held.values()]) {
            if (heardAt >= before) continue;
            const { job } = attempt;
            this.#context.log.warn({ job: job.id, worker: job.worker }, 'a worker fell silent');
            await attempt.giveBack('nothing was heard of its worker');
            await this.drop(job.id);
        }
        this.#context.queue.wake();
    }

    /**
     * Lets go of a job that has ended, here or at all; its worker is told with its next report. What
     * is here of its result goes.
     */
    async drop(jobId: string): Promise<void> {
        const held = this.#held.get(jobId);
        if (!held) return;
        this.#forget(held);
        for (const upload of this.#context.store.uploads.openResultsOf(jobId)) {
            await abandonUpload(this.#context, upload, 'cancelled');
        }
        await held.attempt.close();
    }

    #forget(held: Held): void {
        this.#held.delete(held.attempt.job.id);
        held.ending.abort();
    }

    async close(): Promise<void> {
        // Their workers go on, and so do their uploads, when the daemon is back.
        for (const held of this.#held.values()) {
            this.#forget(held);
            await held.attempt.close();
        }
    }

    #hold(attempt: Attempt, workerId: string, phase: RunningState): void {
        const heardAt = performance.now();
        this.#held.set(attempt.job.id, {
            ...{ attempt, workerId, heardAt, phase },
            ending: new AbortController(),
        });
    }

    #whyLost({ jobId, attempt }: AttemptName): ReportReply['lost'][number]['reason'] {
        const job = this.#context.store.jobs.get(jobId);
        if (!job || job.state === 'cancelled') return 'cancelled';
        return job.attempt === attempt && !isRunning(job.state) && job.state !== 'queued'
            ? 'ended'
            : 'taken';
    }
}

/** Enters the phases up to this one: several may have passed between two reports. */
function advance(held: Held, to: RunningState): void {
    const next = RUNNING_STATES.slice(RUNNING_STATES.indexOf(held.phase) + 1);
    for (const phase of next.slice(0, next.indexOf(to) + 1)) {
        held.attempt.enter(phase);
        held.phase = phase;
    }
}
