/** Who is told of which job. */
import type { Job } from '../protocol/messages.js';

/** What is known of a job now: from a job event, or from the job itself. */
export type JobUpdate = Pick<Job, 'state' | 'progress' | 'result' | 'failure'> & { jobId: string };

export interface JobListener {
    onUpdate: (update: JobUpdate) => void;
    /** The job cannot be watched any longer. */
    onError: (error: Error) => void;
}

export function updateOf(job: Job): JobUpdate {
    const { id: jobId, state, progress, result, failure } = job;
    return { jobId, state, progress, result, failure };
}

export class JobListeners {
    readonly #byJob = new Map<string, Set<JobListener>>();

    /** The jobs that somebody listens to. */
    get jobIds(): string[] {
        return [...this.#byJob.keys()];
    }

    add(jobId: string, listener: JobListener): void {
        const listeners = this.#byJob.get(jobId) ?? new Set();
        listeners.add(listener);
        this.#byJob.set(jobId, listeners);
    }

    has(jobId: string, listener: JobListener): boolean {
        return this.#byJob.get(jobId)?.has(listener) ?? false;
    }

    remove(jobId: string, listener: JobListener): void {
        const listeners = this.#byJob.get(jobId);
        listeners?.delete(listener);
        if (listeners?.size === 0) this.#byJob.delete(jobId);
    }

    update(update: JobUpdate): void {
        for (const listener of this.#byJob.get(update.jobId) ?? []) listener.onUpdate(update);
    }

    fail(jobId: string, error: Error): void {
        for (const listener of this.#byJob.get(jobId) ?? []) listener.onError(error);
    }

    failAll(error: Error): void {
        for (const jobId of this.jobIds) this.fail(jobId, error);
    }
}
