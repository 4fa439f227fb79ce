/** Following single jobs to their end. */
import { KvzError } from '../protocol/errors.js';
import { isEnd } from '../protocol/job-state.js';
import type { JobUpdate } from './job-listeners.js';
import type { Session } from './session.js';

/** The error that a job's end is to the command that waits for it; undefined for `ready`. */
export function jobError(update: JobUpdate): KvzError | undefined {
    const { jobId, failure } = update;
    switch (update.state) {
        case 'failed': {
            const message = failure?.message ?? 'the job failed';
            const hint = failure?.hint ? ` (${failure.hint})` : '';
            return new KvzError('JOB_FAILED', `${message}${hint}`, { jobId, cause: failure });
        }
        case 'cancelled':
            return new KvzError('JOB_CANCELLED', `job ${jobId} was cancelled`, { jobId });
        case 'expired':
            return new KvzError(
                'JOB_EXPIRED',
                `job ${jobId} has expired${failure ? `: ${failure.message}` : ''}`,
                { jobId, cause: failure },
            );
        case 'uploading':
        case 'queued':
        case 'probing':
        case 'encoding':
        case 'packaging':
        case 'ready':
            return undefined;
    }
}

/** Keeps the latest that is known of one job, and waits for what is expected of it. */
export class JobTracker {
    readonly jobId: string;
    readonly #stop: () => void;
    readonly #changed = new Set<() => void>();
    #latest: JobUpdate | undefined;
    #error: Error | undefined;

    constructor(session: Session, jobId: string, onUpdate: (update: JobUpdate) => void) {
        this.jobId = jobId;
        this.#stop = session.watch(jobId, {
            onUpdate: (update) => {
                this.#latest = update;
                onUpdate(update);
                this.#wakeAll();
            },
            onError: (error) => {
                this.#error = error;
                this.#wakeAll();
            },
        });
    }

    /**
     * Waits until the latest update fulfils a condition.
     * @throws the error that ended the watch; the signal's reason
     */
    async until(
        condition: (update: JobUpdate) => boolean,
        signal?: AbortSignal,
    ): Promise<JobUpdate> {
        for (;;) {
            signal?.throwIfAborted();
            if (this.#latest && condition(this.#latest)) return this.#latest;
            if (this.#error) throw this.#error;
            await this.#change(signal);
        }
    }

    /** Waits for the job's end. @throws KvzError JOB_FAILED, JOB_CANCELLED or JOB_EXPIRED */
    async untilReady(signal?: AbortSignal): Promise<JobUpdate> {
        const update = await this.until(({ state }) => isEnd(state), signal);
        const error = jobError(update);
        if (error) throw error;
        return update;
    }

    close(): void {
        this.#stop();
        this.#changed.clear();
    }

    #wakeAll(): void {
        for (const wake of this.#changed) wake();
    }

    async #change(signal?: AbortSignal): Promise<void> {
        let wake: () => void = () => undefined;
        try {
            await new Promise<void>((resolve) => {
                wake = resolve;
                this.#changed.add(wake);
                signal?.addEventListener('abort', wake, { once: true });
            });
        } finally {
            this.#changed.delete(wake);
            signal?.removeEventListener('abort', wake);
        }
    }
}
