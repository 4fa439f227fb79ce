/** Says the same thing at most once a minute, for what goes wrong again with each attempt. */
const INTERVAL_MS = 60_000;
/** Different things that are remembered; beyond that the oldest may be said again. */
const MAX_REMEMBERED = 100;

export class Seldom {
    readonly #saidAt = new Map<string, number>();
    readonly #now: () => number;

    /** @param now milliseconds of a clock that does not jump; for tests */
    constructor(now: () => number = () => performance.now()) {
        this.#now = now;
    }

    /** Whether this text is to be said now; it counts as said then. */
    isDue(text: string): boolean {
        const now = this.#now();
        const saidAt = this.#saidAt.get(text);
        if (saidAt !== undefined && now - saidAt < INTERVAL_MS) return false;
        this.#saidAt.delete(text);
        this.#saidAt.set(text, now);
        if (this.#saidAt.size > MAX_REMEMBERED) {
            for (const oldest of this.#saidAt.keys()) {
                this.#saidAt.delete(oldest);
                break;
            }
        }
        return true;
    }
}
