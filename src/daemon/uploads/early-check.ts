/**
 * Looks at the beginning of a container while the rest is still on its way, so that what can never
 * be encoded is refused after a few MiB and not after hours. What the beginning can't tell (an mp4
 * whose index is at the end) is left to the job.
 */
import { join } from 'node:path';
import PQueue from 'p-queue';
import {
    DEFAULT_LIMITS,
    EncodeError,
    findPrograms,
    probe,
    type EncodeErrorCode,
} from '../../encoder/index.js';
import type { JobFailure } from '../../protocol/messages.js';
import { LEAF_BYTES } from '../../protocol/limits.js';
import type { Context } from '../context.js';
import type { Upload } from '../store/index.js';
import { abandonUpload } from './complete.js';

/** Leaves at the beginning that are enough to know a format and its streams. */
const LEAVES_NEEDED = 4;
/** Programs of this kind that run at once. */
const CHECKS_AT_ONCE = 2;

/** For one check; one that takes longer tells nothing. */
const TIMEOUT_MS = 60_000;

/** Failures that more bytes cannot mend. */
const FINAL: ReadonlySet<EncodeErrorCode> = new Set<EncodeErrorCode>([
    'INPUT_NOT_MEDIA',
    'INPUT_NO_VIDEO',
    'INPUT_TOO_LONG',
    'INPUT_TOO_LARGE',
]);

export class EarlyCheck {
    readonly #context: Context;
    readonly #slots = new PQueue({ concurrency: CHECKS_AT_ONCE });
    readonly #looked = new Set<string>();

    constructor(context: Context) {
        this.#context = context;
    }

    /** Call when leaves of an open upload have arrived; looks once, when there is enough to see. */
    consider(upload: Upload): void {
        const { store, log } = this.#context;
        if (this.#looked.has(upload.id) || upload.size <= LEAVES_NEEDED * LEAF_BYTES) return;
        if (store.uploads.countLeaves(upload.id, 0, LEAVES_NEEDED) < LEAVES_NEEDED) return;
        this.#looked.add(upload.id);
        this.#slots
            .add(() => this.#look(upload))
            .catch((error: unknown) => log.warn({ upload: upload.id, err: error }, 'early check'));
    }

    /** Ends the jobs that take the file for a container, and the upload when no other is left. */
    async #refuse(upload: Upload, failure: JobFailure & { code: EncodeErrorCode }): Promise<void> {
        const { store, bus } = this.#context;
        const jobs = store.jobs.ofUpload(upload.id, 'uploading');
        if (jobs.some((job) => job.raw)) {
            const containers = jobs.filter((job) => !job.raw);
            const now = Date.now();
            bus.publish(
                containers.map(({ id }) =>
                    store.jobs.transition(id, 'failed', now, { failure }, ['uploading']),
                ),
            );
            return;
        }
        // It may have ended meanwhile; then its jobs find out by themselves.
        await abandonUpload(this.#context, upload, 'failed', failure);
    }

    async #look(upload: Upload): Promise<void> {
        const { store, folders, settings } = this.#context;
        const jobs = store.jobs.ofUpload(upload.id, 'uploading');
        // Raw video may be anything.
        if (jobs.every((job) => job.raw)) return;
        try {
            await probe(
                findPrograms(),
                { path: join(folders.sources, upload.id), kind: 'container' },
                {
                    limits: {
                        ...DEFAULT_LIMITS,
                        durationSeconds: settings.durationSeconds,
                        wallClockMs: TIMEOUT_MS,
                    },
                },
            );
        } catch (error) {
            if (!(error instanceof EncodeError) || !FINAL.has(error.code)) return;
            await this.#refuse(upload, {
                code: error.code,
                message: error.message,
                ...(error.hint !== undefined && { hint: error.hint }),
            });
        }
    }
}
