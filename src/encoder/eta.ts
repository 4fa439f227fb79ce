/** How long an encode still takes, from how far it was when. */
import type { WorkUntil } from './frame-costs.js';

/** `frame` frames were encoded at `ms` (of any clock that only grows). */
export interface Sample {
    ms: number;
    frame: number;
}

/** The estimate is never made from less time than this, where there is that much. */
const MIN_WINDOW_MS = 10_000;
/** The past that is looked at is this many times as long as what seems to be left. */
const PAST_PER_FUTURE = 2;
/** Samples that are kept; beyond that every second one is dropped. */
const MAX_SAMPLES = 2_000;

/** What a job takes after its last frame, measured on short ones: 0.2 to 0.5 s. */
const PACKAGING_SECONDS = 0.4;
/** Pixels that ffmpeg decodes of a result in a second, measured on one core: 250 million. */
const DECODED_PER_SECOND = 250e6;

/**
 * Seconds from the last frame to the end of the job.
 * @param decodedPixels that are decoded to look at them, in all frames together
 */
export function secondsAfter(decodedPixels: number): number {
    return PACKAGING_SECONDS + decodedPixels / DECODED_PER_SECOND;
}

/**
 * Seconds until `frames` frames are encoded; undefined while there is nothing to go by.
 *
 * Scenes differ by a factor of four in what they cost, so a speed of the last seconds says little
 * about minutes to come: on recorded encodes an estimate from the last 10 s was within 20 % of the
 * truth for 13 to 95 % of the time, one from all of the past for 65 to 95 %. But when other jobs
 * begin or end the past is another machine's. Looking twice as far back as forward keeps most of
 * both; figures are in docs/ARCHITECTURE.md.
 * @param samples in order, the last one is now
 * @param work how the work is spread over the frames; evenly by default
 */
export function secondsLeft(
    samples: readonly Sample[],
    frames: number,
    work: WorkUntil = (frame) => frame,
): number | undefined {
    // Until the first frames come out the encoder fills its pipeline, which it does once.
    const first = samples.find(({ frame }) => frame > 0);
    const last = samples.at(-1);
    if (!first || !last || last.frame <= first.frame || last.ms <= first.ms) return undefined;
    const done = work(last.frame);
    const toDo = Math.max(0, work(frames) - done);
    const overallMs = (toDo * (last.ms - first.ms)) / (done - work(first.frame));
    const windowMs = Math.max(MIN_WINDOW_MS, PAST_PER_FUTURE * overallMs);
    const from = samples.find(({ ms, frame }) => frame > 0 && ms >= last.ms - windowMs) ?? first;
    if (last.frame <= from.frame) return overallMs / 1000;
    return (toDo * (last.ms - from.ms)) / (done - work(from.frame)) / 1000;
}

/** The course of an encode, in samples whose number is limited. */
export class Course {
    #samples: Sample[] = [];

    get samples(): readonly Sample[] {
        return this.#samples;
    }

    add(sample: Sample): void {
        if (this.#samples.length >= MAX_SAMPLES) {
            this.#samples = this.#samples.filter((_, index) => index % 2 === 0);
        }
        this.#samples.push(sample);
    }
}
