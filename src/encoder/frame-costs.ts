/**
 * What the frames of a source cost to encode in relation to each other, guessed from how many bytes
 * the source itself spends on them: what was hard for its encoder mostly is for kvazaar. How far
 * that holds differs from source to source, and is learnt from what the frames so far have cost.
 * The constants were chosen on recorded encodes, see docs/ARCHITECTURE.md.
 */
import type { Sample } from './eta.js';

/** Cost grows more slowly than size. */
const EXPONENT = 0.8;
/** Frames to both sides over which sizes are averaged: kvazaar does not care for the source's GOP. */
const AROUND = 8;
/** The part of the cost that goes with the size, before anything is known. */
const PRIOR_SHARE = 0.75;
/** How much that is worth, in blocks of frames with sizes that vary as much as they are large. */
const PRIOR_WEIGHT = 1;
/** Costs are looked at in blocks of at least so many frames. */
const BLOCK_FRAMES = 16;
/** No frame is for nothing, whatever was learnt. */
const MIN_BASE = 0.02;

/** Work from the first frame to the end of frame number `frame`, counted from 1. */
export type WorkUntil = (frame: number) => number;

export class FrameCosts {
    /** Sum over the first frames of size to the power of EXPONENT, in units of its mean. */
    readonly #sums: number[];
    readonly #frames: number;

    /**
     * @param sizes of the source's packets in order of display, at least one
     * @param frames of the source; where there are more or fewer, sizes are spread over them
     */
    constructor(sizes: readonly number[], frames: number) {
        this.#frames = frames;
        const costs = smooth(spread(sizes, frames)).map((size) => size ** EXPONENT);
        const mean = costs.reduce((sum, cost) => sum + cost, 0) / frames;
        this.#sums = [0];
        let sum = 0;
        for (const cost of costs) this.#sums.push((sum += mean > 0 ? cost / mean : 1));
    }

    /** @param samples of the encode so far, in order */
    learn(samples: readonly Sample[]): WorkUntil {
        const share = this.#share(samples);
        // Frames behind the source's own, those of the logo, are taken for average ones.
        return (frame) => (1 - share) * frame + share * this.#sizeSum(frame);
    }

    #sizeSum(frame: number): number {
        return this.#sums[frame] ?? frame;
    }

    /** The part of the cost that goes with the size: least squares, drawn towards the prior. */
    #share(samples: readonly Sample[]): number {
        const blocks = this.#blocks(samples);
        let [weights, sizes, costs] = [0, 0, 0];
        for (const { weight, size, cost } of blocks) {
            weights += weight;
            sizes += weight * size;
            costs += weight * cost;
        }
        if (blocks.length < 2 || costs === 0) return PRIOR_SHARE;
        const [meanSize, meanCost] = [sizes / weights, costs / weights];
        let [variance, covariance] = [0, 0];
        for (const { weight, size, cost } of blocks) {
            variance += weight * (size - meanSize) ** 2;
            covariance += weight * (size - meanSize) * (cost / meanCost - 1);
        }
        const prior = PRIOR_SHARE / (1 - PRIOR_SHARE + PRIOR_SHARE * meanSize);
        const slope = Math.max(0, (covariance + PRIOR_WEIGHT * prior) / (variance + PRIOR_WEIGHT));
        return slope / (slope + Math.max(MIN_BASE, 1 - slope * meanSize));
    }

    /** Size and time of a frame in stretches of the source that are encoded. */
    #blocks(samples: readonly Sample[]): { weight: number; size: number; cost: number }[] {
        const blocks: { weight: number; size: number; cost: number }[] = [];
        // Until the first frame comes out the encoder fills its pipeline.
        let from = samples.find(({ frame }) => frame > 0);
        for (const sample of samples) {
            if (!from || sample.frame > this.#frames) break;
            const frames = sample.frame - from.frame;
            if (frames < BLOCK_FRAMES) continue;
            blocks.push({
                weight: frames / BLOCK_FRAMES,
                size: (this.#sizeSum(sample.frame) - this.#sizeSum(from.frame)) / frames,
                cost: (sample.ms - from.ms) / frames,
            });
            from = sample;
        }
        return blocks;
    }
}

function spread(sizes: readonly number[], frames: number): number[] {
    return Array.from(
        { length: frames },
        (_, frame) => sizes[Math.floor(((frame + 0.5) * sizes.length) / frames)] ?? 0,
    );
}

/** The mean around each frame. */
function smooth(sizes: readonly number[]): number[] {
    const sums = [0];
    let sum = 0;
    for (const size of sizes) sums.push((sum += size));
    return sizes.map((_, frame) => {
        const [from, to] = [
            Math.max(0, frame - AROUND),
            Math.min(sizes.length, frame + AROUND + 1),
        ];
        return ((sums[to] ?? 0) - (sums[from] ?? 0)) / (to - from);
    });
}
