/** The threads that hash and write leaves, shared by all uploads. */
import { availableParallelism } from 'node:os';
import { Backlog } from './backlog.js';
import type { LeafTask } from './leaf-task.js';
import { LeafThread } from './leaf-thread.js';

/** As many as the backlog lets leaves in at once: more would have nothing to read. */
const MAX_READERS = 4;

/**
 * Leaves that have come over a connection all go to one thread: receiving them keeps the main thread
 * as busy as that. Those that are still to be read cost nobody else anything, so several threads
 * share them; they are others, as a file on a mount that hangs must not hold up what arrives.
 */
export class LeafThreads {
    /** Of the leaves that have arrived, of all uploads. */
    readonly received = new Backlog();
    /** Of the leaves that are still to be read, of all uploads. */
    readonly unread = new Backlog();
    readonly #writer = new LeafThread();
    readonly #readers: readonly LeafThread[];

    /** @param readers how many threads leaves are read in; each starts with its first leaf */
    constructor(readers = Math.min(MAX_READERS, availableParallelism())) {
        this.#readers = Array.from({ length: readers }, () => new LeafThread());
    }

    /** As {@link LeafThread.store}. */
    async store(task: Omit<LeafTask, 'id'>): Promise<Buffer | undefined> {
        if (!task.source) return this.#writer.store(task);
        const idlest = this.#readers.reduce((best, next) => (next.load < best.load ? next : best));
        return idlest.store(task);
    }

    /** Ends the threads when they are done with what they have. */
    async close(): Promise<void> {
        await Promise.all([this.#writer, ...this.#readers].map((thread) => thread.close()));
    }
}
