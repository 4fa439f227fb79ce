/** Turns kvazaar's frames into progress events, not more than a few per second. */
import { Course, secondsLeft } from './eta.js';
import { FrameCosts } from './frame-costs.js';
import { FrameSizes } from './frame-sizes.js';
import type { FrameReport, FrameStatistics } from './frame-statistics.js';
import type { ProgressEvent, Psnr, Rational } from './job.js';

const INTERVAL_MS = 250;

/** The encoder's speed that is told is that over this time. */
const SPEED_WINDOW_MS = 10_000;

export interface ProgressOptions {
    fps: Rational;
    /** Frames expected, logo included; undefined when the source does not say. */
    expectedFrames: number | undefined;
    /** How many of them are the logo's. */
    logoFrames: number;
    /** What comes after the last frame, in seconds. */
    secondsAfter: number;
    statistics: FrameStatistics;
    emit: (event: ProgressEvent) => void;
    now?: () => number;
}

export class ProgressMeter {
    readonly #options: ProgressOptions;
    readonly #now: () => number;
    readonly #startMs: number;
    /** Moments and frame numbers of the last few seconds. */
    readonly #window: { ms: number; frame: number }[];
    #expectedFrames: number | undefined;
    #lastEmitMs = Number.NEGATIVE_INFINITY;
    #isDue = false;
    readonly #sizes: FrameSizes;
    readonly #course = new Course();
    #costs: FrameCosts | undefined;
    #bits = 0;
    #psnrFrames = 0;
    #psnrSum: Psnr = { y: 0, u: 0, v: 0 };

    constructor(options: ProgressOptions) {
        this.#options = options;
        this.#now = options.now ?? (() => performance.now());
        this.#startMs = this.#now();
        this.#window = [{ ms: this.#startMs, frame: 0 }];
        this.#expectedFrames = options.expectedFrames;
        this.#sizes = new FrameSizes(options.expectedFrames);
    }

    /** Of all frames so far. */
    get bits(): number {
        return this.#bits;
    }

    /** Replaces the estimate by what is now known. */
    expect(frames: number): void {
        this.#expectedFrames = frames;
    }

    /**
     * Tells what the source itself spends on each frame.
     * @param sizes bytes of its packets in order of display
     */
    hint(sizes: readonly number[]): void {
        const frames = (this.#expectedFrames ?? 0) - this.#options.logoFrames;
        if (sizes.length > 0 && frames > 0) this.#costs = new FrameCosts(sizes, frames);
    }

    frame(report: FrameReport): void {
        this.#options.statistics.add(report);
        this.#bits += report.bits;
        this.#sizes.add(report.bits);
        if (report.psnr) {
            this.#psnrFrames += 1;
            const { y, u, v } = this.#psnrSum;
            this.#psnrSum = { y: y + report.psnr.y, u: u + report.psnr.u, v: v + report.psnr.v };
        }
        if (this.#isDue || this.#now() - this.#lastEmitMs < INTERVAL_MS) return;
        // Frames come many at once; the newest is told, not the first one.
        this.#isDue = true;
        queueMicrotask(() => {
            if (this.#isDue) this.#emit();
        });
    }

    /** The event for the last frame. */
    finish(): void {
        this.#expectedFrames = this.#options.statistics.length;
        this.#emit();
    }

    #emit(): void {
        const ms = this.#now();
        this.#lastEmitMs = ms;
        this.#isDue = false;
        const frame = this.#options.statistics.length;
        this.#course.add({ ms, frame });
        const event: ProgressEvent = { type: 'progress', frame, fps: this.#speed(ms, frame) };
        if (frame > 0) {
            event.bitrateBps = Math.round(this.#bitrate(frame));
            event.frameBytes = this.#sizes.means();
        }
        if (this.#psnrFrames > 0) event.psnr = this.#averagePsnr();
        if (this.#expectedFrames !== undefined) {
            // An estimate that turned out too low must not show more than all.
            const frames = Math.max(this.#expectedFrames, frame);
            event.frames = frames;
            event.percent = Math.round((1000 * frame) / frames) / 10;
            const { samples } = this.#course;
            const left = secondsLeft(samples, frames, this.#costs?.learn(samples));
            if (left !== undefined) {
                event.etaSeconds = Math.round(left + this.#options.secondsAfter);
            }
        }
        this.#options.emit(event);
    }

    #speed(ms: number, frame: number): number {
        this.#window.push({ ms, frame });
        while (this.#window.length > 2 && ms - (this.#window[0]?.ms ?? ms) > SPEED_WINDOW_MS) {
            this.#window.shift();
        }
        const first = this.#window[0] ?? { ms: this.#startMs, frame: 0 };
        const seconds = (ms - first.ms) / 1000;
        return seconds > 0 ? Math.round((10 * (frame - first.frame)) / seconds) / 10 : 0;
    }

    #bitrate(frame: number): number {
        const { num, den } = this.#options.fps;
        return (this.#bits * num) / (frame * den);
    }

    #averagePsnr(): Psnr {
        const { y, u, v } = this.#psnrSum;
        const average = (sum: number): number => Math.round((100 * sum) / this.#psnrFrames) / 100;
        return { y: average(y), u: average(u), v: average(v) };
    }
}
