/** Randomness that can be had again: each test prints the seed that it ran with. */

/** mulberry32: 32 bits of state, even distribution. */
export class Random {
    readonly seed: number;
    #state: number;

    constructor(seed: number) {
        this.seed = seed >>> 0;
        this.#state = this.seed;
    }

    /** A number in [0, 1). */
    next(): number {
        this.#state = (this.#state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    }

    /** A whole number in [0, bound); 0 where the bound is less than one. */
    below(bound: number): number {
        return Math.floor(this.next() * bound);
    }
}

/** The randomness of one test, from KVZ_CLOUD_FAULT_SEED where that is given. */
export function testRandom(name: string): Random {
    const given = process.env['KVZ_CLOUD_FAULT_SEED'];
    const random = new Random(given ? Number(given) : Date.now());
    process.stderr.write(`${name}: KVZ_CLOUD_FAULT_SEED=${random.seed}\n`);
    return random;
}

/** How often a process is killed in one test: KVZ_CLOUD_FAULTS, or what the default run has time for. */
export function faultCount(byDefault: number): number {
    const given = process.env['KVZ_CLOUD_FAULTS'];
    return given ? Number(given) : byDefault;
}
