/** Jobs that are to be tried again at a time. */
import type { Store } from '../store/index.js';

/** setTimeout fires at once above 2^31 - 1 ms; then it just looks again. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Wakes the queue when the time has come for a job that is to be tried again. */
export class Retries {
    readonly #store: Store;
    readonly #wake: () => void;
    #timer: NodeJS.Timeout | undefined;

    constructor(store: Store, wake: () => void) {
        this.#store = store;
        this.#wake = wake;
    }

    /** Call when a job was given a time. */
    schedule(): void {
        clearTimeout(this.#timer);
        const now = Date.now();
        const next = this.#store.turns.nextRetry(now);
        if (next === undefined) return;
        this.#timer = setTimeout(
            () => {
                this.#wake();
                this.schedule();
            },
            Math.min(next - now, LONGEST_TIMEOUT_MS),
        );
    }

    stop(): void {
        clearTimeout(this.#timer);
    }
}
