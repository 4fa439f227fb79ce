/** A thread that hashes and writes leaves, as seen by those who have some. */
import { Worker } from 'node:worker_threads';
import { packageFile } from '../../package-file.js';
import { giveLeafBuffer } from './leaf-buffers.js';
import type { LeafOutcome, LeafTask } from './leaf-task.js';

interface Waiting {
    resolve: (outcome: LeafOutcome) => void;
    reject: (error: Error) => void;
}

/** MiB for what the thread itself allocates; the leaves are not in its heap. */
const HEAP_MIB = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 };

/** What a leaf was to be read from cannot be read. */
export class SourceError extends Error {}

/** Starts with the first leaf, ends with {@link close}; one that broke is replaced. */
export class LeafThread {
    readonly #url: URL;
    readonly #waiting = new Map<number, Waiting>();
    #worker: Worker | undefined;
    #nextId = 1;
    #closed = false;
    #idle: () => void = () => undefined;

    /** @param url where the thread's code is; by default as it is compiled */
    constructor(url = packageFile('dist/daemon/uploads/leaf-worker.js')) {
        this.#url = url;
    }

    /** Leaves that it has now. */
    get load(): number {
        return this.#waiting.size;
    }

    /**
     * Reads a leaf from its source, if it has one, compares it with its digest and writes it to its
     * place, after those that came before. Its buffer is the thread's from now on, and spare
     * afterwards.
     * @returns the digest; undefined when it is not the one that was expected, or the source has
     *     not so many bytes
     * @throws SourceError; the error of writing, with its `code`; that of the thread when it broke;
     *     after close
     */
    async store(task: Omit<LeafTask, 'id'>): Promise<Buffer | undefined> {
        if (this.#closed) throw new Error('the daemon is stopping');
        const id = this.#nextId;
        this.#nextId += 1;
        const outcome = await new Promise<LeafOutcome>((resolve, reject) => {
            this.#waiting.set(id, { resolve, reject });
            this.#running().postMessage({ ...task, id } satisfies LeafTask, [task.buffer.buffer]);
        });
        giveLeafBuffer(outcome.buffer);
        if (outcome.kind === 'corrupt') return undefined;
        if (outcome.kind === 'stored') return Buffer.from(outcome.digest.buffer);
        if (outcome.kind === 'unread') throw new SourceError(outcome.message);
        throw Object.assign(new Error(outcome.message), { code: outcome.code });
    }

    /** Ends the thread when it is done with what it has. */
    async close(): Promise<void> {
        this.#closed = true;
        while (this.#waiting.size > 0) {
            await new Promise<void>((resolve) => (this.#idle = resolve));
        }
        await this.#worker?.terminate();
    }

    #running(): Worker {
        if (this.#worker) return this.#worker;
        const worker = new Worker(this.#url, { resourceLimits: HEAP_MIB });
        worker.on('message', (outcome: LeafOutcome) => {
            this.#waiting.get(outcome.id)?.resolve(outcome);
            this.#waiting.delete(outcome.id);
            if (this.#waiting.size === 0) this.#idle();
        });
        worker.on('error', (error: Error) => this.#broke(worker, error));
        worker.on('exit', () =>
            this.#broke(worker, new Error('the thread that stores leaves ended')),
        );
        this.#worker = worker;
        return worker;
    }

    /** Its leaves may have been written or not; they are not recorded, so they are sent again. */
    #broke(worker: Worker, error: Error): void {
        if (this.#worker !== worker) return;
        this.#worker = undefined;
        const waiting = [...this.#waiting.values()];
        this.#waiting.clear();
        for (const { reject } of waiting) reject(error);
        this.#idle();
    }
}
