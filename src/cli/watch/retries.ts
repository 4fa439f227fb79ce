/** Which files are tried again, when, and how often. */
import { backoffMs, type BackoffRange } from '../../backoff.js';

const PATIENT: BackoffRange = { firstMs: 4_000, maxMs: 5 * 60_000 };
/** With `--once` nobody waits for long: the next run tries again. */
const HASTY: BackoffRange = { firstMs: 1_000, maxMs: 5_000 };
const ATTEMPTS_ONCE = 3;

export class Retries {
    readonly #isHasty: boolean;
    /** Failed attempts at files that are neither done nor given up. */
    readonly #attempts = new Map<string, number>();
    readonly #timers = new Map<string, NodeJS.Timeout>();

    /** @param once see {@link WatchOptions.once} */
    constructor(once: boolean) {
        this.#isHasty = once;
    }

    /** How many files wait to be tried again. */
    get size(): number {
        return this.#timers.size;
    }

    has(path: string): boolean {
        return this.#timers.has(path);
    }

    /** Which attempt at a file fails now, 1-based. */
    attempt(path: string): number {
        return (this.#attempts.get(path) ?? 0) + 1;
    }

    /**
     * Calls back when it is time to try the file again.
     * @returns the delay, milliseconds; undefined: it was tried often enough for this run
     */
    later(path: string, callback: () => void): number | undefined {
        const attempt = this.attempt(path);
        if (this.#isHasty && attempt >= ATTEMPTS_ONCE) return undefined;
        this.#attempts.set(path, attempt);
        const delayMs = backoffMs(attempt - 1, this.#isHasty ? HASTY : PATIENT);
        const timer = setTimeout(() => {
            this.#timers.delete(path);
            callback();
        }, delayMs);
        this.#timers.set(path, timer);
        return delayMs;
    }

    /** The file has changed: it is not tried as it was. */
    drop(path: string): void {
        clearTimeout(this.#timers.get(path));
        this.#timers.delete(path);
    }

    /** The file is done with; another of this name starts afresh. */
    forget(path: string): void {
        this.#attempts.delete(path);
    }

    close(): void {
        for (const path of this.#timers.keys()) this.drop(path);
    }
}
