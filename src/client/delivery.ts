/** Brings a file to the daemon, and to the end of that whatever happens on the way. */
import { KvzError } from '../protocol/errors.js';
import { sleep } from '../backoff.js';
import { isEnd } from '../protocol/job-state.js';
import type { EncodeTask } from './encode-request.js';
import type { Accepted } from './handshake.js';
import { JobTracker } from './job-tracker.js';
import type { JobUpdate } from './job-listeners.js';
import { SpeedMeter } from './speed-meter.js';
import { throttled } from './throttled.js';
import { Uploader } from './uploader.js';
import type { Approval } from './uploader.js';

/** How long the daemon may take to count a complete upload as complete. */
const COMPLETION_TIMEOUT_MS = 15_000;
/** How soon the daemon tells why an upload is closed. */
const CLOSED_TIMEOUT_MS = 1_000;
/** How long the answers to the last chunks may take when the job has gone on already. */
const ANSWER_TIMEOUT_MS = 2_000;
/** How often a closed upload is asked for anew before that is an error. */
const MAX_REOPENED = 5;

export interface DeliveryOptions {
    task: EncodeTask;
    /** Leaf digests of the file. */
    digests: Uint8Array;
    /** Makes the request again: its answer says what the daemon has now. */
    askAgain: () => Promise<Accepted>;
    onUpdate: (update: JobUpdate) => void;
}

/** 'complete': the job has its file, by whatever hand. Else the handshake is made again. */
type Round = 'complete' | { closed: boolean; accepted?: Promise<Accepted> };

export class Delivery {
    readonly #options: DeliveryOptions;
    /** Whether the file is being sent now. */
    #active = false;
    #complete = false;
    #sentBytes = 0;
    #toldBytes = 0;
    #uploadedBytes = 0;

    constructor(options: DeliveryOptions) {
        this.#options = options;
    }

    /** Whether the job has all that it needs. */
    get complete(): boolean {
        return this.#complete;
    }

    /** Bytes of the file that are at the daemon or on their way. */
    get sentBytes(): number {
        return this.#sentBytes;
    }

    /** Bytes sent by this command. */
    get uploadedBytes(): number {
        return this.#uploadedBytes;
    }

    /**
     * Sends what the daemon wants, until the job has all that it needs.
     * @returns the tracker of that job, which the caller closes
     */
    async run(first: Accepted): Promise<JobTracker> {
        const { task, onUpdate, askAgain } = this.#options;
        let accepted = first;
        for (let reopened = 0; ;) {
            const tracker = new JobTracker(task.services.session, accepted.jobId, (update) => {
                if (update.state !== 'uploading') this.#arrived(isEnd(update.state));
                onUpdate(update);
            });
            try {
                const round = accepted.upload
                    ? await this.#round(accepted.upload, tracker)
                    : 'complete';
                if (round === 'complete') {
                    this.#complete = true;
                    return tracker;
                }
                if (round.closed && ++reopened > MAX_REOPENED) {
                    throw new KvzError('UNKNOWN_UPLOAD', 'the daemon closes the upload each time', {
                        jobId: accepted.jobId,
                    });
                }
                tracker.close();
                accepted = await (round.accepted ?? askAgain());
            } catch (error) {
                tracker.close();
                if (error instanceof KvzError && error.code === 'FILE_CHANGED') {
                    await this.#giveUp(accepted.jobId);
                }
                throw error;
            }
        }
    }

    /**
     * The job has gone on, which may be known before the last chunk is answered: the upload is
     * shown as complete first, and nothing more is told of it.
     */
    #arrived(ended: boolean): void {
        if (!this.#active) return;
        this.#active = false;
        const { emit, file } = this.#options.task;
        const totalBytes = file.version.sizeBytes;
        if (ended || this.#toldBytes === totalBytes) return;
        emit({ event: 'upload', sentBytes: totalBytes, totalBytes, bytesPerSecond: 0 });
    }

    /** An upload of content that is no more can never be completed: gives its space back. */
    async #giveUp(jobId: string): Promise<void> {
        const { session } = this.#options.task.services;
        try {
            await session.request<'job.cancel'>({ type: 'job.cancel', jobId });
        } catch {
            // It expires by itself.
        }
    }

    async #round(upload: Approval, tracker: JobTracker): Promise<Round> {
        const { services, signal } = this.#options.task;
        const stop = new AbortController();
        const either = AbortSignal.any([signal, stop.signal]);
        const uploader = this.#uploader(upload);
        let renewed: Promise<Accepted> | undefined;
        const askAgain = async (): Promise<void> => {
            const again = this.#options.askAgain();
            const accepted = await again.catch(() => undefined);
            if (accepted?.upload && accepted.jobId === tracker.jobId) {
                uploader.reconcile(accepted.upload);
            } else {
                renewed = again;
                stop.abort();
            }
        };
        const forget = services.session.onReconnect(() => void askAgain());
        this.#active = true;
        const moved = tracker
            .until(({ state }) => state !== 'uploading', either)
            .then(() => 'moved' as const);
        const sent = services.uploading.add(() => uploader.run(either), { signal: either });
        let end: 'moved' | 'stored' | 'closed' | undefined;
        try {
            end = await Promise.race([moved, sent]);
            if (end === 'moved') {
                // The job's news may be faster than the answer to the last chunk.
                await Promise.race([sent, sleep(ANSWER_TIMEOUT_MS, either)]).catch(() => undefined);
                return 'complete';
            }
            const timeoutMs = end === 'stored' ? COMPLETION_TIMEOUT_MS : CLOSED_TIMEOUT_MS;
            const timer = setTimeout(() => stop.abort(), timeoutMs);
            await moved.finally(() => clearTimeout(timer));
            return 'complete';
        } catch (error) {
            if (signal.aborted || !stop.signal.aborted) throw error;
            return renewed ? { closed: false, accepted: renewed } : { closed: end === 'closed' };
        } finally {
            forget();
            stop.abort();
            await Promise.allSettled([moved, sent]);
            this.#active = false;
            this.#uploadedBytes += uploader.uploadedBytes;
        }
    }

    #uploader(upload: Approval): Uploader {
        const { task, digests } = this.#options;
        const totalBytes = task.file.version.sizeBytes;
        const meter = new SpeedMeter();
        const tell = throttled((sentBytes) => {
            if (!this.#active) return;
            this.#toldBytes = sentBytes;
            const { bytesPerSecond } = meter;
            task.emit({ event: 'upload', sentBytes, totalBytes, bytesPerSecond });
        });
        let troubled = false;
        return new Uploader(task.services.http, task.file, digests, upload, {
            patience: task.services.patience,
            localDataDir: task.services.localDataDir,
            onProgress: (sentBytes) => {
                this.#sentBytes = sentBytes;
                meter.add(sentBytes, Date.now());
                tell(sentBytes, sentBytes === totalBytes);
            },
            onTrouble: (error) => {
                if (error && !troubled) {
                    task.emit({
                        event: 'notice',
                        message: `sending failed and is tried again: ${error.message}`,
                    });
                }
                if (!error) task.emit({ event: 'notice', message: 'sending goes on' });
                troubled = error !== undefined;
            },
        });
    }
}
