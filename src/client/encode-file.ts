/** The story of one file: hash, handshake, upload, encode, download. */
import { KvzError } from '../protocol/errors.js';
import type { JobResult } from '../protocol/messages.js';
import { normaliseRanges, rangesBytes } from '../protocol/ranges.js';
import { abortError } from './abort-error.js';
import { Delivery } from './delivery.js';
import { download } from './downloader.js';
import type { EncodeTask } from './encode-request.js';
import { RejectedError, handshake } from './handshake.js';
import type { Accepted } from './handshake.js';
import { identifyFile } from './identify-file.js';
import { jobError } from './job-tracker.js';
import type { JobTracker } from './job-tracker.js';
import type { JobUpdate } from './job-listeners.js';
import { throttled } from './throttled.js';

/**
 * Encodes one file and puts the result in its place; ends with a `done` or `detached` event.
 * @throws KvzError; INTERRUPTED and UNREACHABLE say how to go on
 */
export async function encodeFile(task: EncodeTask): Promise<void> {
    const story = new EncodeStory(task);
    try {
        await story.run();
    } catch (error) {
        if (task.signal.aborted) throw await story.stopped();
        throw story.withWayOn(error);
    }
}

const LARGER = 'the output is larger than its input; a higher --qp (after --) makes it smaller';

class EncodeStory {
    readonly #task: EncodeTask;
    readonly #startedMs = Date.now();
    #jobId: string | undefined;
    #delivery: Delivery | undefined;
    #lastJobEvent = '';

    constructor(task: EncodeTask) {
        this.#task = task;
    }

    async run(): Promise<void> {
        this.#checkSize();
        const { file, services, emit, signal } = this.#task;
        const hash = this.#task.hash ?? (await identifyFile(file, services, emit, signal));
        const first = await this.#firstRequest(hash.id);
        this.#announce(first, hash.id);
        const delivery = new Delivery({
            task: this.#task,
            digests: hash.digests,
            askAgain: () => this.#request(hash.id, false),
            onUpdate: (update) => this.#job(update),
        });
        this.#delivery = delivery;
        const tracker = await delivery.run(first);
        try {
            await this.#follow(tracker);
        } finally {
            tracker.close();
        }
    }

    /** The error that the signal means: an interruption, or that the user has cancelled this file. */
    async stopped(): Promise<KvzError> {
        const reason: unknown = this.#task.signal.reason;
        const isCancelled = reason instanceof KvzError && reason.code === 'JOB_CANCELLED';
        return isCancelled ? this.#cancelled() : this.#interrupted();
    }

    async #cancelled(): Promise<KvzError> {
        const jobId = this.#jobId;
        if (jobId === undefined) return new KvzError('JOB_CANCELLED', 'cancelled before any job');
        const { session } = this.#task.services;
        try {
            await session.request<'job.cancel'>({ type: 'job.cancel', jobId });
        } catch (error) {
            const message = `job ${jobId} was not cancelled: ${(error as Error).message}`;
            return new KvzError('JOB_CANCELLED', message, { jobId, cause: error });
        }
        return new KvzError('JOB_CANCELLED', `job ${jobId} was cancelled`, { jobId });
    }

    /** What a user who pressed Ctrl-C should know. */
    #interrupted(): KvzError {
        const jobId = this.#jobId;
        const reason = abortError(this.#task.signal);
        if (jobId === undefined) return reason;
        return new KvzError(reason.code, `${reason.message}: ${this.#wayOn(jobId)}`, { jobId });
    }

    /** The daemon stays away: what has become of the job is not said by that error alone. */
    withWayOn(error: unknown): unknown {
        const jobId = this.#jobId;
        if (!(error instanceof KvzError) || error.code !== 'UNREACHABLE') return error;
        // An error that names the job tells how to go on with it already.
        if (jobId === undefined || error.jobId !== undefined) return error;
        const message = `${error.message}; ${this.#wayOn(jobId)}`;
        return new KvzError('UNREACHABLE', message, { jobId, cause: error });
    }

    #wayOn(jobId: string): string {
        const { sizeBytes } = this.#task.file.version;
        const percent = Math.floor(((this.#delivery?.sentBytes ?? 0) / sizeBytes) * 100);
        return this.#delivery?.complete
            ? `job ${jobId} goes on; "kvz-cloud download ${jobId}" gets its result`
            : `the same command continues the upload at about ${percent} %`;
    }

    /** Spares the reading of a file that the daemon is known not to take. */
    #checkSize(): void {
        const { file, request, services } = this.#task;
        const { rawBytes, containerBytes } = services.session.info.limits;
        const limit = request.raw ? rawBytes : containerBytes;
        if (file.version.sizeBytes <= limit) return;
        throw new KvzError(
            'FILE_TOO_LARGE',
            `${file.path}: ${file.version.sizeBytes} bytes are over the limit of ${limit}`,
        );
    }

    async #firstRequest(fileId: string): Promise<Accepted> {
        try {
            return await this.#request(fileId, true);
        } catch (error) {
            if (error instanceof RejectedError) {
                const { reason: code, message, jobId } = error;
                const job = jobId === undefined ? {} : { jobId };
                this.#task.emit({
                    event: 'handshake',
                    status: 'rejected',
                    code,
                    message,
                    ...job,
                    fileId,
                });
            }
            throw error;
        }
    }

    /** @param first whether this is not the same request made again after an interruption */
    async #request(fileId: string, first: boolean): Promise<Accepted> {
        const { file, request, services } = this.#task;
        const failOnDuplicate = first && request.failOnDuplicate;
        const accepted = await handshake(services.session, file, fileId, {
            ...request,
            failOnDuplicate,
        });
        this.#jobId = accepted.jobId;
        return accepted;
    }

    #announce(accepted: Accepted, fileId: string): void {
        const { file, emit } = this.#task;
        const { jobId, status, code, message, upload } = accepted;
        const receivedBytes = upload ? rangesBytes(normaliseRanges(upload.received)) : undefined;
        emit({
            event: 'handshake',
            status,
            ...(code === undefined ? {} : { code }),
            ...(message === undefined ? {} : { message }),
            jobId,
            fileId,
            ...(receivedBytes === undefined ? {} : { receivedBytes }),
        });
        if (status === 'rejected') {
            emit({
                event: 'notice',
                message: `this request was made before as job ${jobId}; taking its result`,
            });
        } else if (status === 'queued') {
            emit({ event: 'notice', message: 'the daemon has this file; nothing is sent' });
        } else if (receivedBytes) {
            const percent = Math.floor((receivedBytes / file.version.sizeBytes) * 100);
            emit({ event: 'notice', message: `continuing an earlier upload at ${percent} %` });
        }
    }

    #job(update: JobUpdate): void {
        const { jobId, state, progress } = update;
        if (state === 'uploading') return;
        // After a reconnection the same is told again.
        const key = JSON.stringify([state, progress]);
        if (key === this.#lastJobEvent) return;
        this.#lastJobEvent = key;
        this.#task.emit({ event: 'job', jobId, state, ...progress });
    }

    /** Waits for the result and fetches it; leaves it to the daemon when that is wanted. */
    async #follow(tracker: JobTracker): Promise<void> {
        const { request, signal, detaching = signal } = this.#task;
        if (request.detach || detaching.aborted) return this.#detach(tracker);
        try {
            return await this.#fetch(tracker, AbortSignal.any([signal, detaching]));
        } catch (error) {
            if (signal.aborted || !detaching.aborted) throw error;
            return this.#detach(tracker);
        }
    }

    async #detach(tracker: JobTracker): Promise<void> {
        const update = await tracker.until(() => true, this.#task.signal);
        const error = jobError(update);
        if (error) throw error;
        this.#task.emit({
            event: 'detached',
            jobId: tracker.jobId,
            uploadedBytes: this.#delivery?.uploadedBytes ?? 0,
        });
    }

    async #fetch(tracker: JobTracker, signal: AbortSignal): Promise<void> {
        const { services, output, sink } = this.#task;
        const { jobId } = tracker;
        const update = await tracker.untilReady(signal);
        const result = update.result ?? (await this.#result(jobId));
        const fetched = await services.downloading.add(
            () => this.#download(jobId, result, signal),
            { signal },
        );
        await sink?.(output);
        this.#done(jobId, result, !fetched);
    }

    async #result(jobId: string): Promise<JobResult> {
        const { session } = this.#task.services;
        const { job } = await session.request<'job.get'>({ type: 'job.get', jobId });
        if (job.result) return job.result;
        const message = `the result of job ${jobId} is no longer kept`;
        throw new KvzError('RESULT_GONE', message, { jobId });
    }

    /** @returns false when the output was this result already */
    async #download(jobId: string, result: JobResult, signal: AbortSignal): Promise<boolean> {
        const { output, partial, request, services, emit } = this.#task;
        const totalBytes = result.outputBytes;
        emit({ event: 'download', bytes: 0, totalBytes });
        const tell = throttled((bytes) => emit({ event: 'download', bytes, totalBytes }));
        try {
            return await download(services.http, result, output, {
                force: request.force,
                partial,
                signal,
                patience: services.patience,
                onProgress: (bytes) => tell(bytes, bytes === totalBytes),
            });
        } catch (error) {
            if (!(error instanceof KvzError)) throw error;
            const hint = `"kvz-cloud download ${jobId}" gets the result`;
            throw new KvzError(error.code, `${error.message}; ${hint}`, { jobId, cause: error });
        }
    }

    #done(jobId: string, result: JobResult, unchanged: boolean): void {
        const { frames, psnr, durationSeconds, bitrateBps, fps, encodeSeconds, sha256 } = result;
        const { output, sink, file } = this.#task;
        const inputBytes = file.version.sizeBytes;
        const { outputBytes } = result;
        this.#task.emit({
            event: 'done',
            jobId,
            output: sink ? '-' : output,
            inputBytes,
            outputBytes,
            frames,
            seconds: (Date.now() - this.#startedMs) / 1000,
            uploadedBytes: this.#delivery?.uploadedBytes ?? 0,
            ...(psnr === undefined ? {} : { psnr }),
            durationSeconds,
            bitrateBps,
            fps,
            encodeSeconds,
            notes: outputBytes > inputBytes ? [...result.notes, LARGER] : result.notes,
            ...(sha256 === undefined ? {} : { sha256 }),
            ...(unchanged ? { unchanged } : {}),
        });
    }
}
