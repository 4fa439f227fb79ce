/** The threads that hash and write leaves, shared by all uploads. */
import { availableParallelism } from 'node:os';
import { Backlog } from './backlog.js';
import type { LeafTask } from './leaf-task.js';
import { LeafThread } from './leaf-thread.js';

/** As many as the backlog lets leaves in at once: more would have nothing to read. */
const MAX_THREADS = 4;

export class LeafThreads {
    /** Of all uploads, as they share the threads. */
    readonly backlog = new Backlog();
    readonly #first = new LeafThread();
    readonly #all: readonly LeafThread[];

    /** @param count of threads that leaves are read in; each starts with its first leaf */
    constructor(count = Math.min(MAX_THREADS, availableParallelism())) {
        const others = Array.from({ length: count - 1 }, () => new LeafThread());
        this.#all = [this.#first, ...others];
    }

    /**
     * As {@link LeafThread.store}. Leaves that have come over a connection all go to one thread:
     * receiving them keeps the main thread as busy as that. Those that are still to be read cost
     * nobody else anything, so all threads share them.
     */
    async store(task: Omit<LeafTask, 'id'>): Promise<Buffer | undefined> {
        if (!task.source) return this.#first.store(task);
        const idlest = this.#all.reduce((best, next) => (next.load < best.load ? next : best));
        return idlest.store(task);
    }

    /** Ends the threads when they are done with what they have. */
    async close(): Promise<void> {
        await Promise.all(this.#all.map((thread) => thread.close()));
    }
}
