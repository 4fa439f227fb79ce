/** What can be done with a daemon, a method for each thing. Every command is made of these. */
import type { IncomingMessage } from 'node:http';
import { VERSION } from '../config/version.js';
import { KvzError } from '../protocol/errors.js';
import { isEnd } from '../protocol/job-state.js';
import type { Job, JobEvent } from '../protocol/messages.js';
import { download } from './downloader.js';
import { encodeFile } from './encode-file.js';
import type { EncodeRequest, EncodeServices } from './encode-request.js';
import { createServices } from './encode-services.js';
import type { ServicesOptions } from './encode-services.js';
import type { DoneEvent, EncodeEvent } from './events.js';
import { errorBody, readBody } from './http.js';
import { openInput } from './input-file.js';
import { JobTracker, jobError } from './job-tracker.js';
import {
    checkOutput,
    isFolderName,
    makeOutputFolder,
    planOutputs,
    resultPath,
} from './output-path.js';
import { Requests } from './requests.js';
import type { WireOptions } from './requests.js';
import { updateOf } from './job-listeners.js';
import type { JobUpdate } from './job-listeners.js';
import type { Session } from './session.js';
import { connectionReason, wireError } from './wire-error.js';

/** How a file is to be encoded. What is not given is as in `kvz-cloud encode`. */
export interface EncodeFileOptions extends Partial<WireOptions> {
    /**
     * A file, or a folder (one that exists, or a path that ends with "/"). Default: NAME.hevc.EXT
     * next to the input. Its ending chooses the container where none is given.
     */
    output?: string | undefined;
    /** Replace an output that is there. Default: false. */
    force?: boolean | undefined;
    /** -100 to 100; higher runs first. Default: 0. */
    priority?: number | undefined;
    /** The format of raw video; without it the file says itself what it is. */
    raw?: EncodeRequest['raw'];
    /** Fail with DUPLICATE_REQUEST where this request was made before. Default: false. */
    failOnDuplicate?: boolean | undefined;
    /** Ends the work with INTERRUPTED; an upload goes on where it was with the next call. */
    signal?: AbortSignal | undefined;
    /** Progress, a few times a second, and every step. */
    onEvent?: ((event: EncodeEvent) => void) | undefined;
}

export type EncodeOutcome = Omit<DoneEvent, 'event'>;
export type SubmitOutcome = Omit<Extract<EncodeEvent, { event: 'detached' }>, 'event'>;

export interface DownloadOptions {
    /** A file or a folder. Default: the result's own name, in the working folder. */
    output?: string | undefined;
    /** Replace an output that is there. Default: false. */
    force?: boolean | undefined;
    signal?: AbortSignal | undefined;
    /** Bytes written so far. */
    onProgress?: ((bytes: number, totalBytes: number) => void) | undefined;
    /** Receiving failed and is tried again (with the reason), or goes on (undefined). */
    onTrouble?: ((error: Error | undefined) => void) | undefined;
    /**
     * Leave what is here when the download is interrupted, or the daemon cannot be reached any
     * more, next to the output as NAME.DIGEST-DELIVERY.part, and go on from what an earlier
     * download to this output has left. Default: false.
     */
    resumable?: boolean | undefined;
    /** Where the bytes so far have been left. */
    onKept?: ((path: string, bytes: number) => void) | undefined;
}

export interface DownloadOutcome {
    job: Job;
    /** Absolute path. */
    output: string;
    outputBytes: number;
}

export class Client extends Requests {
    readonly #options: ServicesOptions;
    #shared: EncodeServices | undefined;

    constructor(session: Session, options: ServicesOptions) {
        super(session);
        this.#options = options;
    }

    /** What to tell a user whose daemon is of another version; undefined when it is of this one. */
    get versionNote(): string | undefined {
        const version = /\d+\.\d+\.\d+\S*/.exec(this.info.server)?.[0];
        return version === undefined || version === VERSION
            ? undefined
            : `the daemon has version ${version}, this command ${VERSION}`;
    }

    /** What the encodes of this client share: connections, and how many do one thing at once. */
    get services(): EncodeServices {
        this.#shared ??= createServices(this.session, this.#options);
        return this.#shared;
    }

    /**
     * Encodes a file and puts the result in its place. Nothing is sent that the daemon has, and a
     * request that was made before gives its result again.
     * @throws KvzError: INPUT_UNREADABLE, OUTPUT_EXISTS, BAD_OPTIONS, JOB_FAILED, INTERRUPTED …
     */
    async encode(file: string, options: EncodeFileOptions = {}): Promise<EncodeOutcome> {
        const event = await this.#story(file, options, false);
        if (event.event !== 'done') throw new KvzError('INTERNAL', 'the encode told no result');
        const { event: _, ...outcome } = event;
        return outcome;
    }

    /**
     * Sends a file, and is done when its job is in the queue.
     * @throws KvzError as {@link encode}
     */
    async submit(
        file: string,
        options: Omit<EncodeFileOptions, 'output' | 'force'> = {},
    ): Promise<SubmitOutcome> {
        const event = await this.#story(file, options, true);
        if (event.event !== 'detached') throw new KvzError('INTERNAL', 'the upload told no job');
        const { event: _, ...outcome } = event;
        return outcome;
    }

    /**
     * A job as it is now, and then each change until its end, which is the last that is given.
     * Changes that come faster than they are taken are left out, never the end.
     */
    async *follow(
        jobId: string,
        options: { signal?: AbortSignal } = {},
    ): AsyncGenerator<JobUpdate, void, undefined> {
        const tracker = new JobTracker(this.session, jobId, () => undefined);
        try {
            let last: JobUpdate | undefined;
            do {
                const seen: JobUpdate | undefined = last;
                last = await tracker.until((update) => update !== seen, options.signal);
                yield last;
            } while (!isEnd(last.state));
        } finally {
            tracker.close();
        }
    }

    /** Waits for a job's end, and gives the job as it is then: ready, failed, cancelled or expired. */
    async wait(jobId: string, options: { signal?: AbortSignal } = {}): Promise<Job> {
        const tracker = new JobTracker(this.session, jobId, () => undefined);
        try {
            await tracker.until(({ state }) => isEnd(state), options.signal);
        } finally {
            tracker.close();
        }
        return this.job(jobId);
    }

    /** Calls back for every change of any job of the user. @returns ends it */
    onJobEvent(listener: (event: JobEvent) => void): () => void {
        return this.session.onEvent(listener);
    }

    /**
     * Fetches the result of a job: whole or not at all.
     * @throws KvzError JOB_FAILED, JOB_CANCELLED, JOB_EXPIRED, WRONG_STATE (not yet ready),
     *     RESULT_GONE, OUTPUT_EXISTS, OUTPUT_UNWRITABLE, UNREACHABLE; the signal's reason
     */
    async download(jobId: string, options: DownloadOptions = {}): Promise<DownloadOutcome> {
        const { force = false, signal, onProgress, onTrouble, resumable, onKept } = options;
        const job = await this.job(jobId);
        const error = jobError(updateOf(job));
        if (error) throw error;
        const { result } = job;
        if (!result) {
            const hint = `there is no result yet; "kvz-cloud wait ${job.id}" waits`;
            throw new KvzError('WRONG_STATE', `job ${job.id} is ${job.state}: ${hint}`, { jobId });
        }
        const output = await resultPath(options.output, result.fileName);
        if (options.output !== undefined && isFolderName(options.output)) {
            await makeOutputFolder(output);
        }
        await checkOutput(output, force);
        const { outputBytes } = result;
        await download(this.services.http, result, output, {
            force,
            signal,
            patience: this.#options.patience,
            ...(onProgress ? { onProgress: (bytes) => onProgress(bytes, outputBytes) } : {}),
            ...(onTrouble ? { onTrouble } : {}),
            resumable,
            ...(onKept ? { onKept } : {}),
        });
        return { job, output, outputBytes };
    }

    /**
     * What kvazaar said of each frame, in coding order, as CSV with a header.
     * @throws KvzError UNKNOWN_JOB, RESULT_GONE, UNREACHABLE
     */
    async frames(jobId: string): Promise<IncomingMessage> {
        const path = `/jobs/${encodeURIComponent(jobId)}/frames`;
        const request = this.services.http.request(path, this.#options.patience);
        const response = await new Promise<IncomingMessage>((settle, reject) => {
            request.on('response', settle);
            request.on('error', (cause) => {
                const message = `cannot reach the daemon at ${this.server}: ${connectionReason(cause)}`;
                reject(new KvzError('UNREACHABLE', message, { cause }));
            });
            request.end();
        });
        const { statusCode = 0 } = response;
        if (statusCode === 200) return response;
        const { code, message } = errorBody(statusCode, await readBody(response));
        throw wireError(code, message);
    }

    /** Ends the connection, and whatever goes on over it. */
    close(): void {
        this.#shared?.http.close();
        this.session.close();
    }

    /** The story of one file, to the event that ends it. */
    async #story(file: string, options: EncodeFileOptions, detach: boolean): Promise<EncodeEvent> {
        const { output, force, priority, raw, failOnDuplicate, signal, onEvent, ...wire } = options;
        if (signal?.aborted) throw new KvzError('INTERRUPTED', 'interrupted');
        const { container, outputs, makeFolders } = await planOutputs([{ file }], {
            target: output,
            container: wire.container,
        });
        const target = outputs[0] ?? '';
        const request: EncodeRequest = {
            options: { ...wire, container },
            priority: priority ?? 0,
            raw,
            failOnDuplicate: failOnDuplicate ?? false,
            force: force ?? false,
            detach,
        };
        if (!detach) {
            if (makeFolders) await makeOutputFolder(target);
            await checkOutput(target, request.force);
        }
        await this.validate(request.options, raw);
        const input = await openInput(file);
        try {
            let last: EncodeEvent | undefined;
            await encodeFile({
                file: input,
                output: target,
                request,
                services: this.services,
                signal: signal ?? new AbortController().signal,
                emit: (event) => {
                    last = event;
                    onEvent?.(event);
                },
            });
            if (!last) throw new KvzError('INTERNAL', 'the encode told nothing');
            return last;
        } finally {
            await input.handle.close();
        }
    }
}
