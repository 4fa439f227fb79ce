/** The daemon's own worker: takes jobs from the store and brings them through the encoder. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { EncodeError, type EncodeEvent } from '../../encoder/index.js';
import { encodedFacts, execute, threadShare } from '../../worker/execute.js';
import { describeFailure } from '../../worker/failure.js';
import type { Ticket } from '../../worker/ticket.js';
import type { JobFailure } from '../../protocol/messages.js';
import type { Context } from '../context.js';
import { presentSource } from '../vanished.js';
import { newId } from '../ids.js';
import { diskFault } from '../disk-fault.js';
import { removeResultFiles, videoFile, writeFrames } from '../results/result-files.js';
import type { JobRecord, StoredEvent } from '../store/index.js';
import { Attempt } from './attempt.js';
import { jobLimits } from './job-limits.js';
import { putBack } from './settle.js';

/** `disk`: it would fill the disk. */
export type AbortReason = 'cancelled' | 'shutdown' | 'disk';

export class Runner {
    readonly #context: Context;
    readonly #aborts = new Map<string, AbortController>();

    constructor(context: Context) {
        this.#context = context;
    }

    get jobIds(): string[] {
        return [...this.#aborts.keys()];
    }

    /** Ends the work of a job. The first reason counts. */
    abort(jobId: string, reason: AbortReason): void {
        this.#aborts.get(jobId)?.abort(reason);
    }

    abortAll(reason: AbortReason): void {
        for (const controller of this.#aborts.values()) controller.abort(reason);
    }

    /** Puts back the running jobs that will not be ready within `seconds`. */
    putBackUnlessEnding(seconds: number): void {
        const { store } = this.#context;
        for (const [jobId, controller] of this.#aborts) {
            const job = store.jobs.get(jobId);
            const left = job?.state === 'packaging' ? 0 : job?.progress?.etaSeconds;
            if (left === undefined || left > seconds) controller.abort('shutdown');
        }
    }

    /** Puts all running jobs back at once, without waiting for their programs to end. */
    giveUpAll(): void {
        const { store } = this.#context;
        for (const jobId of this.#aborts.keys()) {
            const job = store.jobs.get(jobId);
            if (job) putBack(this.#context, job);
        }
    }

    /** Takes the next job and runs it to its end. @returns false when there was none to take */
    async runNext(): Promise<boolean> {
        return this.#take(() => this.#context.store.turns.claim(Date.now()));
    }

    /** Runs the job of a ticket to its end; nothing happens when it is not to be had. */
    async runTicket(ticket: Ticket): Promise<void> {
        await this.#take(() => this.#context.store.turns.claimTicket(ticket, Date.now()));
    }

    async #take(claim: () => [JobRecord, StoredEvent] | undefined): Promise<boolean> {
        const { pause } = this.#context;
        if (pause.current) return false;
        try {
            return await this.#runClaimed(claim());
        } catch (error) {
            const fault = diskFault(error);
            if (fault === undefined) throw error;
            pause.setLowDisk(fault);
            return false;
        }
    }

    async #runClaimed(claimed: [JobRecord, StoredEvent] | undefined): Promise<boolean> {
        const { bus } = this.#context;
        if (!claimed) return false;
        const [job, event] = claimed;
        bus.publish([event]);
        const controller = new AbortController();
        const { signal } = controller;
        this.#aborts.set(job.id, controller);
        const attempt = new Attempt(this.#context, job);
        try {
            await this.#run(attempt, signal);
        } catch (error) {
            await this.#end(attempt, signal, error);
        } finally {
            // The job may run again already, with a controller of its own.
            if (this.#aborts.get(job.id) === controller) this.#aborts.delete(job.id);
            await attempt.close();
        }
        return true;
    }

    async #run(attempt: Attempt, signal: AbortSignal): Promise<void> {
        const { folders, settings } = this.#context;
        const { job } = attempt;
        const file = await presentSource(this.#context, job.fileId);
        if (!file) {
            throw new EncodeError('INPUT_EMPTY', 'the source is no longer here; send it again');
        }
        const resultId = newId();
        try {
            const result = await execute({
                source: { path: join(folders.sources, file.storage) },
                raw: job.raw,
                options: job.options,
                workDir: join(folders.work, `${job.id}-${job.attempt}`),
                outputPath: videoFile(folders, resultId),
                threads: this.#threads(),
                niceness: settings.niceness,
                limits: jobLimits(settings),
                signal,
                onEvent: (event) => tell(attempt, event),
            });
            await writeFrames(folders, resultId, result.frameStatistics);
            const pixels = result.frames * result.width * result.height;
            await attempt.finish(resultId, encodedFacts(result), pixels);
        } catch (error) {
            await removeResultFiles(folders, resultId);
            throw error;
        }
    }

    /** Ends an attempt that has no result. */
    async #end(attempt: Attempt, signal: AbortSignal, error: unknown): Promise<void> {
        // As long as nothing has aborted it, the reason is undefined.
        switch (signal.reason as AbortReason | undefined) {
            case 'shutdown':
                return attempt.giveBack('the daemon is stopping');
            case 'disk':
                return attempt.giveBack('the disk is nearly full');
            case 'cancelled':
            case undefined:
                return attempt.fail(diskFailure(error) ?? describeFailure(error), error);
        }
    }

    #threads(): number {
        const { settings, store } = this.#context;
        const queued = store.jobs.countQueued();
        const sharing = Math.min(settings.workers, this.#aborts.size + queued);
        return threadShare(settings.threads || availableParallelism(), sharing);
    }
}

function diskFailure(error: unknown): JobFailure | undefined {
    const message = diskFault(error);
    return message === undefined ? undefined : { code: 'DISK_FULL', message, transient: true };
}

function tell(attempt: Attempt, event: EncodeEvent): void {
    switch (event.type) {
        case 'phase':
            attempt.enter(event.phase);
            break;
        case 'progress': {
            const { type: _, psnr, ...rest } = event;
            attempt.progress({ ...rest, ...(psnr && { psnr: psnr.y }) });
            break;
        }
        case 'note':
            attempt.say('note', event.message);
            break;
        case 'log':
            attempt.say(event.source, event.line);
            break;
    }
}
