/** Bytes per second over the last few seconds. */
export class SpeedMeter {
    readonly #windowMs: number;
    readonly #samples: { atMs: number; bytes: number }[] = [];

    constructor(windowMs = 5_000) {
        this.#windowMs = windowMs;
    }

    /** @param bytes moved in all since the start */
    add(bytes: number, nowMs: number): void {
        this.#samples.push({ atMs: nowMs, bytes });
        while (
            this.#samples.length > 2 &&
            (this.#samples[1]?.atMs ?? nowMs) < nowMs - this.#windowMs
        ) {
            this.#samples.shift();
        }
    }

    get bytesPerSecond(): number {
        const first = this.#samples[0];
        const last = this.#samples.at(-1);
        if (!first || !last || last.atMs <= first.atMs) return 0;
        return Math.max(0, ((last.bytes - first.bytes) / (last.atMs - first.atMs)) * 1000);
    }
}
