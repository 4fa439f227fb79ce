/** The queue in the daemon itself. */
import PQueue from 'p-queue';
import type { JobQueue } from './queue.js';

/** Runs jobs in this process, `workers` at a time. */
export class LocalQueue implements JobQueue {
    readonly #slots: PQueue;
    readonly #workers: number;
    readonly #runNext: () => Promise<boolean>;
    #stopped = false;

    /**
     * @param workers jobs at a time, at least 1
     * @param runNext takes the next job and runs it to its end; false when there was none. It
     *     never rejects: a failed job is a state of the job.
     */
    constructor(workers: number, runNext: () => Promise<boolean>) {
        this.#slots = new PQueue({ concurrency: workers });
        this.#workers = workers;
        this.#runNext = runNext;
    }

    get running(): number {
        return this.#slots.pending;
    }

    wake(): void {
        if (this.#stopped) return;
        // A look for each free slot, and one more for a job queued just after a slot found nothing.
        const free = this.#workers - this.#slots.pending - this.#slots.size;
        const looks = Math.max(free, this.#slots.size < this.#workers ? 1 : 0);
        for (let look = 0; look < looks; look += 1) {
            void this.#slots.add(async () => {
                if (!this.#stopped && (await this.#runNext())) this.wake();
            });
        }
    }

    async stop(): Promise<void> {
        this.#stopped = true;
        this.#slots.clear();
        await this.#slots.onIdle();
    }
}
