/** The workers on other machines that the daemon knows now. */
import { VERSION } from '../../config/version.js';
import { KvzError } from '../../protocol/errors.js';
import type { WorkerHello } from '../../protocol/worker-messages.js';
import { CODED_BITS } from '../../encoder/index.js';

export interface RemoteWorker {
    /** Made up by the worker: random, new for each of its processes. */
    id: string;
    /** The account of its token. */
    userId: number;
    hello: WorkerHello;
    /** Milliseconds of `performance.now()`: the wall clock may jump. */
    heardAt: number;
}

export class WorkerRegistry {
    readonly #workers = new Map<string, RemoteWorker>();
    readonly #kvazaar: string | undefined;

    /** @param kvazaar the version of the daemon's own; undefined when it has none */
    constructor(kvazaar: string | undefined) {
        this.#kvazaar = kvazaar;
    }

    /** @throws KvzError WORKER_REFUSED saying why */
    join(id: string, userId: number, hello: WorkerHello): RemoteWorker {
        const refuse = (why: string): never => {
            throw new KvzError('WORKER_REFUSED', `worker ${hello.name}: ${why}`);
        };
        if (hello.version !== VERSION) {
            refuse(`it is kvz-cloud ${hello.version}, and the daemon ${VERSION}`);
        }
        if (hello.bitDepth !== CODED_BITS) {
            refuse(`it codes ${hello.bitDepth} bits a sample, and the daemon ${CODED_BITS}`);
        }
        const others = this.list().filter((worker) => worker.id !== id);
        // Equal requests share one result, so it must not matter who makes it.
        const kvazaar = this.#kvazaar ?? others[0]?.hello.kvazaar ?? hello.kvazaar;
        if (hello.kvazaar !== kvazaar) {
            refuse(`it has kvazaar ${hello.kvazaar}, and the others here have ${kvazaar}`);
        }
        const known = this.#workers.get(id);
        if (known && known.userId !== userId) refuse('another one has its id');
        if (others.some((worker) => worker.hello.name === hello.name)) {
            refuse('another worker has this name; give it one of its own with --name');
        }
        const worker = { id, userId, hello, heardAt: performance.now() };
        this.#workers.set(id, worker);
        return worker;
    }

    /** @throws KvzError UNKNOWN_WORKER, also for one whose token is another account's */
    get(id: string, userId: number): RemoteWorker {
        const worker = this.#workers.get(id);
        if (worker?.userId !== userId) throw new KvzError('UNKNOWN_WORKER', 'say hello first');
        return worker;
    }

    nameOf(id: string): string | undefined {
        return this.#workers.get(id)?.hello.name;
    }

    leave(id: string): void {
        this.#workers.delete(id);
    }

    list(): RemoteWorker[] {
        return [...this.#workers.values()];
    }

    /** Forgets workers that were silent for longer than this, and returns them. */
    forgetSilent(ms: number): RemoteWorker[] {
        const before = performance.now() - ms;
        const gone = this.list().filter((worker) => worker.heardAt < before);
        for (const { id } of gone) this.#workers.delete(id);
        return gone;
    }
}
