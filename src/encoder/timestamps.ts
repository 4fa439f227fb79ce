/**
 * The time of each frame in the result: the source's own times, then the logo's at the nominal
 * rate. Pure functions over integers; nothing is rounded before the last step.
 */
import type { Rational } from './job.js';
import { rescale } from './rational.js';

export interface TimelineInput {
    /** Times of the decoded frames in units of `timeBase`, in the order of decoding. */
    pts: readonly (number | undefined)[];
    timeBase: Rational;
    /** Nominal frame rate. */
    fps: Rational;
    /** End of the source's video in seconds on the same clock, where the container says it. */
    declaredEndSeconds: number | undefined;
    /** Whether the container knows nothing but frames at the nominal rate; see `isConstantRate()`. */
    constantRate: boolean;
    logoFrames: number;
}

export interface Timeline {
    timeBase: Rational;
    /** Start of each frame in units of `timeBase`, strictly growing, logo frames included. */
    ticks: number[];
    /** End of the last frame, logo included. */
    endTicks: number;
    /** End of the last frame of the source. */
    sourceEndTicks: number;
    /** Added to all times because the source's first picture comes before its zero; else 0. */
    shiftTicks: number;
    /** Frames whose time had to be made up or moved because the source has none or the same twice. */
    repaired: number;
}

const NANOSECONDS = 1_000_000_000;

/**
 * MXF: each picture fills one edit unit, and those are all of one length (SMPTE ST 377-1). Files
 * of H.264 with B-frames may not tell the order of display; ffmpeg then gives times of decoding.
 * @param format ffmpeg's name of the container
 */
export function isConstantRate(format: string): boolean {
    return format === 'mxf';
}

/** Frames in ticks, rounded, at least one tick. */
function framesToTicks(frames: number, fps: Rational, timeBase: Rational): number {
    const ticks = rescale(
        frames,
        BigInt(fps.den) * BigInt(timeBase.den),
        BigInt(fps.num) * BigInt(timeBase.num),
    );
    return Math.max(ticks, frames > 0 ? 1 : 0);
}

/** Pictures before zero are moved to it, and frames of one time apart from each other. */
export function buildTimeline(input: TimelineInput): Timeline {
    const { timeBase, fps, logoFrames } = input;
    const frameTicks = framesToTicks(1, fps, timeBase);
    const even = evenTimes(input);
    const sourceTicks = even ?? sortedTimes(input.pts, frameTicks);
    // No container holds pictures before zero; `+ 0` so that nothing becomes -0.
    const shiftTicks = Math.max(0, -(sourceTicks[0] ?? 0)) + 0;
    const ticks = sourceTicks.map((tick) => tick + shiftTicks);
    let repaired = input.pts.filter(
        (pts, frame) => pts === undefined || (even !== undefined && pts !== even[frame]),
    ).length;

    // Players drop or misplace frames that share a time: each one moves a tick at least.
    for (let index = 1; index < ticks.length; index++) {
        const earliest = (ticks[index - 1] ?? 0) + 1;
        if ((ticks[index] ?? 0) < earliest) {
            ticks[index] = earliest;
            repaired += 1;
        }
    }

    const sourceEndTicks = sourceEnd(ticks, frameTicks, shiftTicks, input);
    for (let frame = 0; frame < logoFrames; frame++) {
        ticks.push(sourceEndTicks + framesToTicks(frame, fps, timeBase));
    }
    const endTicks =
        logoFrames > 0 ? sourceEndTicks + framesToTicks(logoFrames, fps, timeBase) : sourceEndTicks;
    return { timeBase, ticks, endTicks, sourceEndTicks, shiftTicks, repaired };
}

/**
 * The times of a constant rate, where those of the frames cannot be the times at which they are
 * shown and all frames of the declared length are there.
 * @returns undefined where the frames' own times are to be kept
 */
function evenTimes(input: TimelineInput): number[] | undefined {
    const { pts, fps, timeBase, declaredEndSeconds } = input;
    if (!input.constantRate || declaredEndSeconds === undefined) return undefined;
    const known = pts.filter((value) => value !== undefined);
    const isOrdered = known.every((value, index) => index === 0 || value > (known[index - 1] ?? 0));
    if (isOrdered) return undefined;
    const first = Math.min(...known);
    const end = first + framesToTicks(pts.length, fps, timeBase);
    const declaredEnd = (declaredEndSeconds * timeBase.den) / timeBase.num;
    if (Math.abs(end - declaredEnd) > framesToTicks(1, fps, timeBase) / 2) return undefined;
    return pts.map((_, frame) => first + framesToTicks(frame, fps, timeBase));
}

/** Times in growing order; a frame without one follows the frame before it. */
function sortedTimes(pts: readonly (number | undefined)[], frameTicks: number): number[] {
    let previous: number | undefined;
    const times = pts.map((value) => {
        const time = value ?? (previous === undefined ? 0 : previous + frameTicks);
        previous = time;
        return time;
    });
    // Frames come in display order, so a time that runs back is a slip of the source's clock.
    return times.sort((a, b) => a - b);
}

/** A last frame is shown this many frame times at most, whatever the container declares. */
const LONGEST_LAST_FRAME = 3;

function sourceEnd(
    ticks: readonly number[],
    frameTicks: number,
    shiftTicks: number,
    input: TimelineInput,
): number {
    const last = ticks.at(-1);
    if (last === undefined) return 0;
    const { declaredEndSeconds, timeBase } = input;
    const usual = last + frameTicks;
    if (declaredEndSeconds === undefined) return usual;
    const declared = Math.round((declaredEndSeconds * timeBase.den) / timeBase.num) + shiftTicks;
    // A rounded declaration must not shorten or stretch the frame of a constant rate.
    const isOff = Math.abs(declared - usual) > frameTicks / 8;
    const isSane = declared > last && declared - last <= frameTicks * LONGEST_LAST_FRAME;
    return isOff && isSane ? declared : usual;
}

/** Ticks in nanoseconds, rounded to the nearest. */
export function ticksToNanoseconds(ticks: number, timeBase: Rational): number {
    return rescale(ticks, BigInt(timeBase.num) * BigInt(NANOSECONDS), BigInt(timeBase.den));
}

export function ticksToSeconds(ticks: number, { num, den }: Rational): number {
    return (ticks * num) / den;
}

/**
 * mkvmerge's timestamp file, format v2: milliseconds with a line for each frame in display order,
 * and one more for the end of the last frame.
 * (https://mkvtoolnix.download/doc/mkvmerge.html#mkvmerge.external_timestamp_files.v2)
 */
export function* timestampFileLines({ ticks, endTicks, timeBase }: Timeline): Generator<string> {
    yield '# timestamp format v2\n';
    for (const tick of [...ticks, endTicks]) {
        const nanoseconds = ticksToNanoseconds(tick, timeBase);
        const whole = Math.floor(nanoseconds / 1_000_000);
        const fraction = String(nanoseconds - whole * 1_000_000).padStart(6, '0');
        yield `${whole}.${fraction}\n`;
    }
}

const MILLISECOND_SCALE = 1_000_000;

/** A block's time is a 16-bit offset in its cluster: at 10 µs a cluster spans 0.33 s. */
const FINE_SCALE = 10_000;

/** At 1 µs nearly every frame needs a cluster of its own: only for files that are not kept. */
const FINEST_SCALE = 1000;

/**
 * Matroska's unit of time in nanoseconds: the usual millisecond where all times are whole
 * milliseconds, else 10 µs; for an intermediate file whose times are turned back into ticks it
 * must be finer than a tick.
 */
export function matroskaScale(timeline: Timeline, isIntermediate: boolean): number {
    const { ticks, timeBase } = timeline;
    const isWhole = ticks.every((tick) => (tick * timeBase.num * 1000) % timeBase.den === 0);
    if (isWhole) return MILLISECOND_SCALE;
    const tickNanoseconds = (timeBase.num * NANOSECONDS) / timeBase.den;
    return isIntermediate && tickNanoseconds <= FINE_SCALE ? FINEST_SCALE : FINE_SCALE;
}
