/**
 * Results from workers: announced, uploaded as users upload files, looked at by this daemon's own
 * programs, and only then called ready.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkResult, findPrograms, resultTooLarge } from '../../encoder/index.js';
import { KvzError } from '../../protocol/errors.js';
import type { ResultNotice, ResultPlace } from '../../protocol/worker-messages.js';
import { describeFailure } from '../../worker/failure.js';
import type { Context } from '../context.js';
import { freeBytes } from '../disk.js';
import { framesFile, removeResultFiles, videoFile } from '../results/result-files.js';
import type { Upload, UploadedResult } from '../store/index.js';
import { abandonUpload } from '../uploads/complete.js';
import { fileIdOfFile } from '../uploads/file-hash.js';
import type { RemoteWorker } from './registry.js';
import type { Delivered, RemoteJobs } from './remote-jobs.js';

type AnnouncedResult = Upload & { result: UploadedResult };

export class ResultUploads {
    readonly #context: Context;
    readonly #jobs: RemoteJobs;
    /** Shared results that are being read, by upload. */
    readonly #reading = new Map<string, Promise<void>>();

    constructor(context: Context, jobs: RemoteJobs) {
        this.#context = context;
        this.#jobs = jobs;
    }

    /**
     * Where a result goes; what is here of it already is told.
     * @throws KvzError UNKNOWN_JOB, also for a result that is too large; BAD_MESSAGE for two sizes;
     *     NO_SPACE; UPLOAD_INTERRUPTED while the same bytes come for another job
     */
    async announce(worker: RemoteWorker, notice: ResultNotice): Promise<ResultPlace> {
        const { store, settings } = this.#context;
        const { jobId, attempt, file, encoded, width, height } = notice;
        const held = this.#jobs.require(worker, notice);
        if (encoded.outputBytes !== file.size) {
            throw new KvzError('BAD_MESSAGE', 'a result has one size');
        }
        if (file.size > settings.resultBytes) {
            await held.fail(describeFailure(resultTooLarge({ outputBytes: settings.resultBytes })));
            await this.#jobs.drop(jobId);
            throw new KvzError('UNKNOWN_JOB', 'the result is larger than this daemon takes');
        }
        const told: UploadedResult = {
            ...{ jobId, attempt, encoded },
            pixels: encoded.frames * width * height,
        };
        const isOpen = (upload: Upload | undefined): boolean =>
            upload?.result?.jobId === jobId && upload.result.attempt === attempt;
        if (!isOpen(store.uploads.findOpen(worker.userId, file.id))) {
            await this.#checkRoom(file.size);
            // Looking took a while.
            this.#jobs.require(worker, notice);
        }
        const open = store.uploads.findOpen(worker.userId, file.id);
        if (open && open.result?.jobId !== jobId) {
            throw new KvzError('UPLOAD_INTERRUPTED', 'the same bytes are on their way already');
        }
        if (open && open.result?.attempt !== attempt) {
            await abandonUpload(this.#context, open, 'cancelled');
        }
        const upload =
            open && isOpen(open)
                ? open
                : store.uploads.create(worker.userId, file.id, file.size, Date.now(), told);
        return {
            upload: {
                id: upload.id,
                url: '/upload',
                chunkSize: settings.chunkSize,
                received: store.uploads.received(upload).map(([from, to]) => [from, to]),
                sharedPath: `sources/${upload.id}`,
            },
        };
    }

    /** @throws KvzError NO_SPACE, which the worker bears until there is room */
    async #checkRoom(sizeBytes: number): Promise<void> {
        const { store, folders, settings } = this.#context;
        const free = await freeBytes(folders.root);
        const available = free - store.uploads.reservedBytes() - settings.freeSpaceFloor;
        if (sizeBytes <= available) return;
        throw new KvzError('NO_SPACE', 'the disk of the daemon has no room for the result now');
    }

    /** Keeps the statistics of a result's frames until the result is here. @throws KvzError UNKNOWN_UPLOAD */
    takeFrames(worker: RemoteWorker, uploadId: string, csv: Buffer): void {
        this.#announced(worker, uploadId);
        this.#context.store.uploads.keepFrames(uploadId, csv);
    }

    #announced(worker: RemoteWorker, uploadId: string): AnnouncedResult {
        const upload = this.#context.store.uploads.get(uploadId);
        const isOpen = upload?.userId === worker.userId && upload.state === 'open';
        if (isOpen && upload.result) return { ...upload, result: upload.result };
        throw new KvzError('UNKNOWN_UPLOAD', 'no such result has been announced');
    }

    /**
     * Takes a result that its worker has put into the data folder, where an upload would be: it is
     * read, and is right when its tree hash is. The worker is told of the outcome by its reports.
     * @throws KvzError UNKNOWN_UPLOAD, UNKNOWN_JOB
     */
    takeShared(worker: RemoteWorker, uploadId: string): void {
        const { log } = this.#context;
        const upload = this.#announced(worker, uploadId);
        this.#jobs.require(worker, upload.result);
        const held = this.#jobs.delivered(upload.result);
        if (!held || this.#reading.has(uploadId)) return;
        const { jobId } = upload.result;
        const work = this.#readShared(upload, held)
            .catch((error: unknown) => {
                if (held.signal.aborted) return;
                log.error({ job: jobId, err: error }, 'a shared result cannot be taken');
            })
            .finally(() => this.#reading.delete(uploadId));
        this.#reading.set(uploadId, work);
    }

    /** Resolves when no shared result is being read. */
    async settled(): Promise<void> {
        while (this.#reading.size > 0) await Promise.all(this.#reading.values());
    }

    async #readShared(upload: AnnouncedResult, { attempt, signal }: Delivered): Promise<void> {
        const { store, folders, leafThreads, log } = this.#context;
        const { jobId } = upload.result;
        const path = join(folders.sources, upload.id);
        const actual = await fileIdOfFile(path, upload.size, leafThreads, signal).catch(
            (error: unknown) => {
                // Cancelled, or the daemon stops; the worker comes again when it is back.
                signal.throwIfAborted();
                log.warn({ job: jobId, err: error }, 'a shared result cannot be read');
                return undefined;
            },
        );
        signal.throwIfAborted();
        if (actual === upload.fileId) {
            const isFirst = store.uploads.close(upload.id, 'complete');
            if (isFirst) await this.complete(upload, upload.result);
            return;
        }
        await attempt.fail({
            code: 'FILE_MISMATCH',
            message: 'what is in the shared folder is not the result that the worker announced',
            transient: true,
        });
        await this.#jobs.drop(jobId);
    }

    /** Takes a result whose bytes are all here: the job is ready, or goes back to the queue. */
    async complete(upload: Upload, notice: UploadedResult): Promise<void> {
        const { store, folders, log } = this.#context;
        const resultId = upload.id;
        const delivered = this.#jobs.delivered(notice);
        if (!delivered) {
            await rm(join(folders.sources, upload.id), { force: true });
            return;
        }
        const { attempt, signal } = delivered;
        const workDir = join(folders.work, `${notice.jobId}-${notice.attempt}-result`);
        try {
            await mkdir(workDir, { recursive: true, mode: 0o700 });
            const path = join(workDir, 'result');
            await rename(join(folders.sources, upload.id), path);
            const { container } = attempt.job.options;
            const { frames } = notice.encoded;
            await checkResult({
                programs: findPrograms(),
                path,
                container,
                frames,
                workDir,
                signal,
            });
            const statistics = store.uploads.takeFrames(upload.id);
            if (!statistics) throw new Error('a result came without the statistics of its frames');
            await writeFile(framesFile(folders, resultId), statistics, { mode: 0o600 });
            await rename(path, videoFile(folders, resultId));
            await attempt.finish(resultId, notice.encoded, notice.pixels);
        } catch (error) {
            await removeResultFiles(folders, resultId);
            // Cancelled meanwhile: whoever did that has settled it.
            if (signal.aborted) return;
            log.error({ job: notice.jobId, err: error }, 'a result of a worker is not accepted');
            await attempt.fail(describeFailure(error), error);
        } finally {
            await rm(workDir, { recursive: true, force: true });
            await this.#jobs.drop(notice.jobId);
        }
    }
}
