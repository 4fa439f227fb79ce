/** How the size of frames goes over a video, in a few numbers whatever its length. */

/** Numbers that are kept at most. */
export const MAX_SIZES = 48;

/** Means over stretches of equally many frames; a stretch doubles when there are too many. */
export class FrameSizes {
    #framesEach: number;
    /** Bits of each stretch; the last one may be short of frames. */
    #bits: number[] = [];
    #frames = 0;

    /** @param expectedFrames for stretches that fit from the start */
    constructor(expectedFrames = 0) {
        this.#framesEach = Math.max(1, Math.ceil(expectedFrames / MAX_SIZES));
    }

    add(bits: number): void {
        const index = Math.floor(this.#frames / this.#framesEach);
        if (index === MAX_SIZES) {
            this.#double();
            this.add(bits);
            return;
        }
        this.#bits[index] = (this.#bits[index] ?? 0) + bits;
        this.#frames += 1;
    }

    /** Mean bytes of a frame in each stretch so far, in coding order. */
    means(): number[] {
        return this.#bits.map((bits, index) => {
            const frames = Math.min(this.#framesEach, this.#frames - index * this.#framesEach);
            return Math.round(bits / frames / 8);
        });
    }

    #double(): void {
        const { length } = this.#bits;
        this.#bits = Array.from(
            { length: Math.ceil(length / 2) },
            (_, index) => (this.#bits[2 * index] ?? 0) + (this.#bits[2 * index + 1] ?? 0),
        );
        this.#framesEach *= 2;
    }
}
