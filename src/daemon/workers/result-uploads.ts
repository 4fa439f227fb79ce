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
import type { RemoteWorker } from './registry.js';
import type { RemoteJobs } from './remote-jobs.js';

export class ResultUploads {
    readonly #context: Context;
    readonly #jobs: RemoteJobs;

    constructor(context: Context, jobs: RemoteJobs) {
        this.#context = context;
        this.#jobs = jobs;
    }

    /** Where a result goes; what is here of it already is told. @throws KvzError UNKNOWN_JOB */
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
        const { store } = this.#context;
        const upload = store.uploads.get(uploadId);
        if (upload?.userId !== worker.userId || upload.state !== 'open' || !upload.result) {
            throw new KvzError('UNKNOWN_UPLOAD', 'no such result has been announced');
        }
        store.uploads.keepFrames(uploadId, csv);
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
