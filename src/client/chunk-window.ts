/** How many chunks are in flight: as many as the link bears. */

const MIN = 1;
/** Growth of the throughput, as a factor, that shows that another chunk in flight helps. */
const GAIN = 1.05;

/**
 * Starts with two, adds one as long as that raises the throughput, halves on failure. After a
 * while without gain it tries once more, as links change.
 */
export class ChunkWindow {
    readonly #max: number;
    #size: number;
    #bestBytesPerSecond = 0;
    #storedSinceChange = 0;
    #bytesSinceChange = 0;
    #changedAtMs: number;
    #roundsWithoutGain = 0;

    constructor(nowMs: number, options: { start?: number; max?: number } = {}) {
        this.#max = options.max ?? 6;
        this.#size = Math.min(options.start ?? 2, this.#max);
        this.#changedAtMs = nowMs;
    }

    /** Chunks that may be in flight now. */
    get size(): number {
        return this.#size;
    }

    /** A chunk of `bytes` bytes was stored. */
    stored(bytes: number, nowMs: number): void {
        this.#storedSinceChange++;
        this.#bytesSinceChange += bytes;
        // Two full rounds, so that chunks begun under the old size do not decide.
        if (this.#storedSinceChange < this.#size * 2) return;
        const seconds = Math.max(0.001, (nowMs - this.#changedAtMs) / 1000);
        const bytesPerSecond = this.#bytesSinceChange / seconds;
        const gained = bytesPerSecond > this.#bestBytesPerSecond * GAIN;
        this.#roundsWithoutGain = gained ? 0 : this.#roundsWithoutGain + 1;
        if (gained) this.#bestBytesPerSecond = bytesPerSecond;
        const probe = this.#roundsWithoutGain >= 8;
        if (probe) {
            this.#roundsWithoutGain = 0;
            this.#bestBytesPerSecond = bytesPerSecond;
        }
        if (gained || probe) this.#size = Math.min(this.#max, this.#size + 1);
        this.#restart(nowMs);
    }

    /** A chunk failed in a way that may pass. */
    failed(nowMs: number): void {
        this.#size = Math.max(MIN, Math.floor(this.#size / 2));
        this.#bestBytesPerSecond = 0;
        this.#restart(nowMs);
    }

    #restart(nowMs: number): void {
        this.#storedSinceChange = 0;
        this.#bytesSinceChange = 0;
        this.#changedAtMs = nowMs;
    }
}
