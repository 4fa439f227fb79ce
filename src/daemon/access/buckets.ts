/**
 * Token buckets by key: each fills with `perSecond` up to `burst`. What is charged may be more than
 * there is; the debt is waited for. Memory is bounded: of too many keys, the one that was not
 * looked at for the longest time is forgotten, which is as if its bucket were full.
 */
interface Bucket {
    /** What was left at `at`; negative: a debt. */
    left: number;
    /** Milliseconds of `performance.now()`. */
    at: number;
}

export interface Pace {
    perSecond: number;
    /** What may be taken at once after a rest. */
    burst: number;
}

const MAX_KEYS = 10_000;

export class Buckets<K extends string | number> {
    readonly #pace: Pace;
    readonly #maxKeys: number;
    readonly #buckets = new Map<K, Bucket>();

    constructor(pace: Pace, maxKeys = MAX_KEYS) {
        this.#pace = pace;
        this.#maxKeys = maxKeys;
    }

    /** How many keys are remembered. */
    get size(): number {
        return this.#buckets.size;
    }

    /** Milliseconds until there is a whole token again; 0: now. */
    waitMs(key: K, now = performance.now()): number {
        const bucket = this.#buckets.get(key);
        if (!bucket) return 0;
        return Math.max(
            0,
            Math.ceil(((1 - this.#left(bucket, now)) / this.#pace.perSecond) * 1000),
        );
    }

    /** Takes `cost` tokens, whether or not they are there. */
    charge(key: K, cost = 1, now = performance.now()): void {
        const bucket = this.#buckets.get(key);
        const left = bucket ? this.#left(bucket, now) : this.#pace.burst;
        this.#buckets.delete(key);
        if (left - cost >= this.#pace.burst) return;
        this.#buckets.set(key, { left: left - cost, at: now });
        if (this.#buckets.size <= this.#maxKeys) return;
        for (const oldest of this.#buckets.keys()) {
            this.#buckets.delete(oldest);
            break;
        }
    }

    /** Takes one token where there is one. @returns milliseconds until there is; 0: it was taken */
    take(key: K, now = performance.now()): number {
        const waitMs = this.waitMs(key, now);
        if (waitMs === 0) this.charge(key, 1, now);
        return waitMs;
    }

    #left({ left, at }: Bucket, now: number): number {
        return Math.min(this.#pace.burst, left + ((now - at) / 1000) * this.#pace.perSecond);
    }
}
