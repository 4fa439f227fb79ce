/** One job that this worker holds: from its source to its result on the daemon. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HttpClient } from '../../client/http.js';
import { hashFile } from '../../client/hash.js';
import { openInput, type InputFile } from '../../client/input-file.js';
import { sleep } from '../../backoff.js';
import { Uploader } from '../../client/uploader.js';
import { EncodeError, type EncodeEvent, type EncodeResult } from '../../encoder/index.js';
import { KvzError } from '../../protocol/errors.js';
import {
    MAX_REPORT_LINES,
    type Assignment,
    type ResultNotice,
    type ResultPlace,
    type JobReport,
} from '../../protocol/worker-messages.js';
import { encodedFacts, execute } from '../execute.js';
import { describeFailure } from '../failure.js';
import { compressFrames } from '../frames.js';
import type { DaemonLink } from './daemon-link.js';
import { isFileOf, putInto } from './shared-folder.js';
import type { CachedSource, SourceCache } from './source-cache.js';

/** The longest line of a log that is passed on, characters. */
const MAX_LINE = 4096;

/** Before a result that was refused in between is announced again. */
const RESEND_MS = 500;

/** Why a job ends here before its time: its user, another worker, or this one's own stop. */
export type EndReason = 'cancelled' | 'ended' | 'taken' | 'stopping';

export interface HeldJobServices {
    client: HttpClient;
    link: DaemonLink;
    cache: SourceCache;
    /** Where the daemon's data folder is mounted here, if it is. */
    sharedDir: string | undefined;
    sharesResults: boolean;
    workDir: string;
    threads: () => number;
    niceness: number;
    /** There is something to report that should not wait. */
    onNews: () => void;
}

export class HeldJob {
    readonly assignment: Assignment;
    readonly #services: HeldJobServices;
    readonly #ending = new AbortController();
    #phase: JobReport['phase'];
    #progress: JobReport['progress'];
    #log: [string, string][] = [];
    #omitted = 0;
    #sendAgain: () => void = () => undefined;

    constructor(assignment: Assignment, services: HeldJobServices) {
        this.assignment = assignment;
        this.#services = services;
    }

    /** The first reason counts. */
    end(reason: EndReason): void {
        this.#ending.abort(reason);
    }

    /** The daemon was restarted: what it was given last may be lost. */
    rejoined(): void {
        this.#sendAgain();
    }

    /** What is new since the last report, which is forgotten by this. */
    takeReport(): JobReport {
        const { jobId, attempt } = this.assignment;
        const log = this.#log;
        if (this.#omitted > 0) log.push(['kvz-cloud', `${this.#omitted} lines were left out`]);
        const report: JobReport = { jobId, attempt, log };
        if (this.#phase) report.phase = this.#phase;
        if (this.#progress) report.progress = this.#progress;
        this.#phase = undefined;
        this.#progress = undefined;
        this.#log = [];
        this.#omitted = 0;
        return report;
    }

    /** Gives back a report that did not reach the daemon, unless there is newer news. */
    returnReport({ phase, progress, log }: JobReport): void {
        this.#phase ??= phase;
        this.#progress ??= progress;
        this.#log = [...log, ...this.#log].slice(-MAX_REPORT_LINES + 1);
    }

    /** Resolves when nothing is left to do or to tell. */
    async run(): Promise<void> {
        const { signal } = this.#ending;
        const { jobId, attempt } = this.assignment;
        const name = { jobId, attempt };
        const { link, workDir } = this.#services;
        const output = join(workDir, `${jobId}-${attempt}.result`);
        try {
            const result = await this.#encode(output, signal);
            await this.#handIn(output, result, signal);
        } catch (error) {
            if (signal.aborted) {
                if (signal.reason !== 'stopping') return;
                // Should this not be heard, the job comes back when its lease is over.
                await link.release(name, AbortSignal.timeout(5_000)).catch(() => undefined);
                return;
            }
            // The daemon has told already that the job is no longer this worker's.
            if (error instanceof KvzError && error.code === 'UNKNOWN_JOB') return;
            await link.failed(name, describeFailure(error), signal).catch(() => undefined);
        } finally {
            await rm(output, { force: true });
        }
    }

    async #encode(output: string, signal: AbortSignal): Promise<EncodeResult> {
        const { file, options, limits, jobId, attempt } = this.assignment;
        const { workDir, threads, niceness } = this.#services;
        const source = await this.#source();
        try {
            return await execute({
                source,
                raw: file.raw,
                options,
                workDir: join(workDir, `${jobId}-${attempt}`),
                outputPath: output,
                threads,
                niceness,
                limits,
                signal,
                onEvent: (event) => this.#onEvent(event),
            });
        } catch (error) {
            // Why the source was not to be had says more than that it was not.
            const isLost = error instanceof EncodeError && error.code === 'INPUT_LOST';
            throw isLost && error.cause instanceof Error ? error.cause : error;
        } finally {
            await source.release();
        }
    }

    async #source(): Promise<CachedSource> {
        const { cache, link, sharedDir } = this.#services;
        const { file, source, sharedSource } = this.assignment;
        if (sharedDir !== undefined) {
            const path = join(sharedDir, sharedSource);
            // A mount that does not answer as it should is none.
            if (await isFileOf(path, file.size).catch(() => false)) {
                return { path, release: async () => undefined };
            }
            this.#say('kvz-cloud', 'the source is not in the shared folder; it is fetched');
        }
        return cache.open(file.id, file.size, (offset, stop) => link.source(source, offset, stop));
    }

    /** Announces the result and sends it, again if need be, until the daemon says that it has it. */
    async #handIn(output: string, result: EncodeResult, signal: AbortSignal): Promise<void> {
        const { jobId, attempt } = this.assignment;
        const { width, height, frameStatistics } = result;
        const frames = await compressFrames(frameStatistics);
        const input = await openInput(output);
        try {
            const { id, digests } = await hashFile(input, { signal });
            const file = { id, size: input.version.sizeBytes };
            const encoded = encodedFacts(result);
            for (;;) {
                const rejoined = new Promise<void>((resolve) => (this.#sendAgain = resolve));
                const notice = { jobId, attempt, file, encoded, width, height };
                await this.#send(input, digests, notice, frames, signal);
                // It is the daemon's turn: it looks at the result and says so in answer to a
                // report, which ends this. One that was restarted meanwhile may have lost it.
                await Promise.race([rejoined, untilAborted(signal)]);
                signal.throwIfAborted();
            }
        } finally {
            await input.handle.close();
        }
    }

    async #send(
        input: InputFile,
        digests: Uint8Array,
        notice: ResultNotice,
        frames: Buffer,
        signal: AbortSignal,
    ): Promise<void> {
        const { client, link } = this.#services;
        for (;;) {
            const { upload } = await link.announce(notice, signal);
            try {
                await link.sendFrames(upload.id, frames, signal);
                if (await this.#isShared(input.path, upload)) {
                    return await link.delivered(upload.id, signal);
                }
                const end = await new Uploader(client, input, digests, upload).run(signal);
                if (end === 'stored') return;
            } catch (error) {
                // Closed between two requests; announcing it again tells what to do.
                const isClosed = error instanceof KvzError && error.code === 'UNKNOWN_UPLOAD';
                if (!isClosed) throw error;
            }
            await sleep(RESEND_MS, signal);
        }
    }

    /** Puts the result into the shared folder. @returns whether it is there */
    async #isShared(path: string, { sharedPath }: ResultPlace['upload']): Promise<boolean> {
        const { sharedDir, sharesResults } = this.#services;
        if (sharedDir === undefined || !sharesResults) return false;
        try {
            await putInto(path, join(sharedDir, sharedPath));
            return true;
        } catch (error) {
            const { code = String(error) } = error as NodeJS.ErrnoException;
            this.#say('kvz-cloud', `no result goes into the shared folder (${code}); it is sent`);
            return false;
        }
    }

    #onEvent(event: EncodeEvent): void {
        switch (event.type) {
            case 'phase':
                this.#phase = event.phase;
                this.#services.onNews();
                break;
            case 'progress': {
                const { type: _, psnr, ...rest } = event;
                this.#progress = { ...rest, ...(psnr && { psnr: psnr.y }) };
                break;
            }
            case 'note':
                this.#say('note', event.message);
                break;
            case 'log':
                this.#say(event.source, event.line);
                break;
        }
    }

    #say(source: string, line: string): void {
        if (this.#log.length >= MAX_REPORT_LINES - 1) this.#omitted += 1;
        else this.#log.push([source, line.slice(0, MAX_LINE)]);
    }
}

async function untilAborted(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
    });
}
