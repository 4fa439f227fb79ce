/**
 * One attempt at a job, by a worker in this process or on another machine: what the worker tells
 * becomes states, events and the job's log. Of an attempt that is over nothing is taken any more.
 */
import type { JobFailure, Progress } from '../../protocol/messages.js';
import type { Encoded } from '../../protocol/worker-messages.js';
import type { Context } from '../context.js';
import { removeResultFiles, videoDigest } from '../results/result-files.js';
import { diskFault, untilWritten } from '../disk-fault.js';
import type { JobRecord, StoredResult } from '../store/index.js';
import { jobLogger } from '../observe/job-lines.js';
import { JobLog } from './job-log.js';
import { putBack, settleFailure } from './settle.js';

/** How much of its time an encode may have waited for its source to say how fast such encodes are. */
const LEARNT_WAIT = 0.1;

export class Attempt {
    readonly job: JobRecord;
    readonly #context: Context;
    readonly #log: JobLog;

    constructor(context: Context, job: JobRecord) {
        this.#context = context;
        this.job = job;
        this.#log = new JobLog(context.folders, job.id);
    }

    /** Adds a line to the job's log. */
    say(source: string, line: string): void {
        this.#log.write(source, line);
    }

    /** @throws SqliteError when it cannot be recorded for want of space */
    enter(phase: 'probing' | 'encoding' | 'packaging'): void {
        const { store, bus } = this.#context;
        const { id, attempt } = this.job;
        // `probing` is the state in which the job was claimed.
        if (phase !== 'probing') {
            bus.publish([store.jobs.transition(id, phase, Date.now(), { attempt })]);
        }
        this.say('kvz-cloud', phase);
    }

    progress(progress: Progress): void {
        const { store, bus } = this.#context;
        try {
            bus.publish([store.jobs.progress(this.job.id, this.job.attempt, progress)]);
        } catch (error) {
            // The next one says it better; a full disk is no reason to end the job here.
            if (diskFault(error) === undefined) throw error;
        }
    }

    /**
     * Makes the job ready, and all that ask for the same.
     * @param resultId names the result's files, which are complete
     * @param pixels of all frames together
     * @returns false when the attempt is over; its files are removed then
     */
    async finish(resultId: string, encoded: Encoded, pixels: number): Promise<boolean> {
        const { store, bus, folders } = this.#context;
        const { id, attempt, raw, fileId, options } = this.job;
        const { outputBytes: bytes, sourceWaitSeconds = 0, ...data } = encoded;
        // What waited for its source tells how fast the network is.
        const isTelling = sourceWaitSeconds <= encoded.encodeSeconds * LEARNT_WAIT;
        const sha256 = await videoDigest(folders, resultId);
        const result: StoredResult = {
            id: resultId,
            requestKey: this.job.requestKey,
            container: options.container,
            bytes,
            data: { ...data, sha256 },
            createdAt: Date.now(),
        };
        const source = raw ? undefined : fileId;
        const events = await untilWritten(this.#context, () =>
            store.transaction(() => {
                const events = store.jobs.finish(id, attempt, result, Date.now());
                if (events.length > 0 && isTelling) {
                    store.speeds.learn(options.preset, pixels, encoded.encodeSeconds, source);
                }
                return events;
            }),
        );
        if (events.length === 0) {
            await removeResultFiles(folders, resultId);
            return false;
        }
        bus.publish(events);
        return true;
    }

    /** Puts the job back into the queue. @param why for its log */
    async giveBack(why: string): Promise<void> {
        this.say('kvz-cloud', `${why}; the job goes back to the queue`);
        await untilWritten(this.#context, () => putBack(this.#context, this.job));
    }

    /** @param cause for the daemon's log, where the failure is a defect */
    async fail(failure: JobFailure, cause?: unknown): Promise<void> {
        const { log } = this.#context;
        this.say('kvz-cloud', `failed: ${failure.code}: ${failure.message}`);
        if (failure.code === 'INTERNAL') {
            jobLogger(log, this.job).error({ err: cause }, 'job failed by a defect');
        }
        const retryAt = await settleFailure(this.#context, this.job, failure);
        if (retryAt !== undefined) {
            this.say('kvz-cloud', `is tried again at ${new Date(retryAt).toISOString()}`);
        }
    }

    async close(): Promise<void> {
        await this.#log.close();
    }
}
