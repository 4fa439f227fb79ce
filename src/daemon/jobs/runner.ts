/** A worker's task: takes the next job from the store and brings it through the encoder. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
    DEFAULT_LIMITS,
    encode,
    EncodeError,
    findPrograms,
    MissingProgramError,
    type EncodeEvent,
    type EncodeResult,
    type JobInput,
} from '../../encoder/index.js';
import { RUNNING_STATES } from '../../protocol/job-state.js';
import type { JobFailure, Progress } from '../../protocol/messages.js';
import type { Context } from '../context.js';
import { newId } from '../ids.js';
import { removeResultFiles, videoDigest, videoFile, writeFrames } from '../result-files.js';
import { encoderRawFormat, kvazaarOptions } from '../request-key.js';
import type { JobRecord, StoredResult } from '../store/index.js';
import { JobLog } from './job-log.js';

/** Failures that only another file can mend. */
const BAD_INPUT = /^(INPUT|RAW)_/;

export type AbortReason = 'cancelled' | 'shutdown';

export class Runner {
    readonly #context: Context;
    readonly #aborts = new Map<string, AbortController>();

    constructor(context: Context) {
        this.#context = context;
    }

    /** Ends the work of a job. The first reason counts. */
    abort(jobId: string, reason: AbortReason): void {
        this.#aborts.get(jobId)?.abort(reason);
    }

    abortAll(reason: AbortReason): void {
        for (const controller of this.#aborts.values()) controller.abort(reason);
    }

    /** Takes the next job and runs it to its end. @returns false when there was none to take */
    async runNext(): Promise<boolean> {
        const { store, bus, log, pause } = this.#context;
        if (pause.current) return false;
        const claimed = store.jobs.claim(Date.now());
        if (!claimed) return false;
        const [job, event] = claimed;
        bus.publish([event]);
        const controller = new AbortController();
        this.#aborts.set(job.id, controller);
        const jobLog = new JobLog(this.#context.folders, job.id);
        try {
            await this.#run(job, controller.signal, jobLog);
        } catch (error) {
            await this.#fail(job, controller.signal, error, jobLog);
        } finally {
            // The job may run again already, with a controller of its own.
            if (this.#aborts.get(job.id) === controller) this.#aborts.delete(job.id);
            await jobLog.close();
        }
        log.info({ job: job.id, state: store.jobs.get(job.id)?.state }, 'job left its worker');
        return true;
    }

    async #run(job: JobRecord, signal: AbortSignal, jobLog: JobLog): Promise<void> {
        const { store, folders, settings, bus } = this.#context;
        const file = store.files.get(job.fileId);
        if (!file) {
            throw new EncodeError('INPUT_EMPTY', 'the source is no longer here; send it again');
        }
        const path = join(folders.sources, file.storage);
        const input: JobInput = job.raw
            ? { path, kind: 'raw', raw: encoderRawFormat(job.raw) }
            : { path, kind: 'container' };
        const workDir = join(folders.work, `${job.id}-${job.attempt}`);
        const resultId = newId();
        const outputPath = videoFile(folders, resultId);
        const logoPath = `${workDir}.logo`;
        const { logo, strict = false, deinterlace = false, verify = false } = job.options;
        await mkdir(workDir, { recursive: true, mode: 0o700 });
        try {
            if (logo.image !== undefined) {
                await writeFile(logoPath, Buffer.from(logo.image, 'base64'), { mode: 0o600 });
            }
            const result = await encode({
                programs: findPrograms(),
                input,
                container: job.options.container,
                outputPath,
                workDir,
                options: kvazaarOptions(job.options),
                logo: {
                    enabled: logo.enabled,
                    ...(logo.seconds !== undefined && { seconds: logo.seconds }),
                    ...(logo.image !== undefined && { path: logoPath }),
                },
                strict,
                deinterlace,
                verify: verify ? 'all' : 'ends',
                niceness: settings.niceness,
                threads: this.#threadShare(),
                limits: { ...DEFAULT_LIMITS, durationSeconds: settings.durationSeconds },
                signal,
                onEvent: (event) => this.#onEvent(job, event, jobLog),
            });
            await writeFrames(folders, resultId, result.frameStatistics);
            const sha256 = await videoDigest(folders, resultId);
            const events = store.jobs.finish(
                job.id,
                job.attempt,
                storedResult(resultId, job, result, sha256),
                Date.now(),
            );
            bus.publish(events);
            const pixels = result.frames * result.width * result.height;
            const container = job.raw ? undefined : job.fileId;
            store.speeds.learn(job.options.preset, pixels, result.encodeSeconds, container);
            // Cancelled in the last moment: nobody refers to the result.
            if (events.length === 0) await removeResultFiles(folders, resultId);
        } catch (error) {
            await removeResultFiles(folders, resultId);
            throw error;
        } finally {
            await rm(workDir, { recursive: true, force: true });
            await rm(logoPath, { force: true });
        }
    }

    #onEvent(job: JobRecord, event: EncodeEvent, jobLog: JobLog): void {
        const { store, bus } = this.#context;
        switch (event.type) {
            case 'phase':
                // `probing` is the state in which the job was claimed.
                if (event.phase !== 'probing') {
                    const { attempt } = job;
                    bus.publish([
                        store.jobs.transition(job.id, event.phase, Date.now(), { attempt }),
                    ]);
                }
                jobLog.write('kvz-cloud', event.phase);
                break;
            case 'progress': {
                const { type: _, psnr, ...rest } = event;
                const progress: Progress = { ...rest, ...(psnr && { psnr: psnr.y }) };
                bus.publish([store.jobs.progress(job.id, job.attempt, progress)]);
                break;
            }
            case 'note':
                jobLog.write('note', event.message);
                break;
            case 'log':
                jobLog.write(event.source, event.line);
                break;
        }
    }

    async #fail(
        job: JobRecord,
        signal: AbortSignal,
        error: unknown,
        jobLog: JobLog,
    ): Promise<void> {
        const { store, bus, log, folders } = this.#context;
        const now = Date.now();
        const { attempt } = job;
        if (signal.aborted && signal.reason === 'shutdown') {
            jobLog.write('kvz-cloud', 'the daemon is stopping; the job goes back to the queue');
            bus.publish([
                store.jobs.transition(job.id, 'queued', now, { attempt }, RUNNING_STATES),
            ]);
            return;
        }
        const failure = describeFailure(error);
        jobLog.write('kvz-cloud', `failed: ${failure.code}: ${failure.message}`);
        if (failure.code === 'INTERNAL') log.error({ job: job.id, err: error }, 'job failed');
        // A job that was cancelled is in that state already, and stays there.
        const [event, unusable] = store.transaction(() => [
            store.jobs.transition(job.id, 'failed', now, { failure, attempt }, RUNNING_STATES),
            BAD_INPUT.test(failure.code)
                ? store.files.release(job.userId, job.fileId, true)
                : undefined,
        ]);
        if (unusable) await rm(join(folders.sources, unusable.storage), { force: true });
        bus.publish([event]);
    }

    /** Threads for one more job: the cores are shared by the jobs that run or could run at once. */
    #threadShare(): number {
        const { settings, store } = this.#context;
        const cores = settings.threads || availableParallelism();
        const { queued = 0 } = store.jobs.countByState();
        const sharing = Math.min(settings.workers, this.#aborts.size + queued);
        return Math.max(1, Math.ceil(cores / Math.max(1, sharing)));
    }
}

/** Lines of a failed program's output that a failure tells; the job's log has more. */
const TOLD_LINES = 8;

function describeFailure(error: unknown): JobFailure {
    if (error instanceof EncodeError) {
        const { code, message, program, exitCode, signal, hint, transient } = error;
        const stderrTail = error.stderrTail?.split('\n').slice(-TOLD_LINES).join('\n');
        return {
            code,
            message,
            ...(program !== undefined && { program }),
            ...(exitCode !== undefined && { exitCode }),
            ...(signal !== undefined && { signal }),
            ...(stderrTail && { stderrTail }),
            ...(hint !== undefined && { hint }),
            ...(transient && { transient }),
        };
    }
    if (error instanceof MissingProgramError) {
        return { code: 'PROGRAM_MISSING', message: error.message };
    }
    return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}

function storedResult(
    id: string,
    job: JobRecord,
    result: EncodeResult,
    sha256: string,
): StoredResult {
    return {
        id,
        requestKey: job.requestKey,
        container: job.options.container,
        bytes: result.outputBytes,
        data: {
            inputBytes: result.inputBytes,
            frames: result.frames,
            logoFrames: result.logoFrames,
            durationSeconds: result.durationSeconds,
            bitrateBps: result.bitrateBps,
            encodeSeconds: result.encodeSeconds,
            fps: result.encodeFps,
            ...(result.psnr && { psnr: result.psnr.y }),
            framesByType: result.framesByType,
            ...(result.worstPsnr && { worstPsnr: result.worstPsnr.y }),
            notes: result.notes,
            sha256,
        },
        createdAt: Date.now(),
    };
}
