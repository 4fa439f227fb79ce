import { describe, expect, it } from 'vitest';
import {
    buildTimeline,
    matroskaScale,
    ticksToNanoseconds,
    timestampFileLines,
} from '../../src/encoder/timestamps.js';
import type { TimelineInput } from '../../src/encoder/timestamps.js';

const NTSC: TimelineInput = {
    pts: [0, 1001, 2002],
    timeBase: { num: 1, den: 30_000 },
    fps: { num: 30_000, den: 1001 },
    declaredEndSeconds: undefined,
    constantRate: false,
    logoFrames: 0,
};

const MILLISECONDS = { num: 1, den: 1000 };

describe('buildTimeline', () => {
    it('keeps times and lets the last frame last as long as the others', () => {
        expect(buildTimeline(NTSC)).toMatchObject({
            ticks: [0, 1001, 2002],
            endTicks: 3003,
            sourceEndTicks: 3003,
            shiftTicks: 0,
            repaired: 0,
        });
    });

    it('puts logo frames behind the last frame at the nominal rate', () => {
        const timeline = buildTimeline({ ...NTSC, logoFrames: 2 });
        expect(timeline.ticks).toEqual([0, 1001, 2002, 3003, 4004]);
        expect(timeline.endTicks).toBe(5005);
    });

    it('does not add up rounding errors on a coarse clock', () => {
        const timeline = buildTimeline({
            ...NTSC,
            pts: [0, 33, 67],
            timeBase: MILLISECONDS,
            fps: { num: 30, den: 1 },
            declaredEndSeconds: 0.1,
            logoFrames: 4,
        });
        expect(timeline.ticks).toEqual([0, 33, 67, 100, 133, 167, 200]);
        expect(timeline.endTicks).toBe(233);
    });

    it('keeps a variable rate and the declared end of its last frame', () => {
        const timeline = buildTimeline({
            ...NTSC,
            pts: [0, 40, 200, 240],
            timeBase: MILLISECONDS,
            fps: { num: 15, den: 1 },
            declaredEndSeconds: 0.4,
            logoFrames: 1,
        });
        expect(timeline.ticks).toEqual([0, 40, 200, 240, 400]);
    });

    it.each([0.1, 900])('does not believe a last frame that ends at %s s', (declaredEndSeconds) => {
        const timeline = buildTimeline({
            ...NTSC,
            pts: [0, 40, 200, 240],
            timeBase: MILLISECONDS,
            fps: { num: 25, den: 1 },
            declaredEndSeconds,
            logoFrames: 0,
        });
        expect(timeline.endTicks).toBe(280);
    });

    it('keeps a late start', () => {
        expect(buildTimeline({ ...NTSC, pts: [15_000, 16_001] }).ticks).toEqual([15_000, 16_001]);
    });

    it('moves all frames when the first one comes before zero', () => {
        const timeline = buildTimeline({ ...NTSC, pts: [-1001, 0, 1001] });
        expect(timeline).toMatchObject({
            ticks: [0, 1001, 2002],
            shiftTicks: 1001,
            endTicks: 3003,
        });
    });

    it('sorts a clock that slips, and separates frames that share a time', () => {
        const timeline = buildTimeline({ ...NTSC, pts: [0, 2002, 1001, 2002] });
        expect(timeline.ticks).toEqual([0, 1001, 2002, 2003]);
        expect(timeline.repaired).toBe(1);
    });

    it.each([
        ['a constant rate', { constantRate: true, declaredEndSeconds: 0.2 }, [0, 1, 2, 3, 4], 4],
        ['any other rate', { constantRate: false, declaredEndSeconds: 0.2 }, [0, 3, 4, 5, 6], 3],
        [
            'frames that are missing',
            { constantRate: true, declaredEndSeconds: 0.28 },
            [0, 3, 4, 5, 6],
            3,
        ],
        [
            'no declared length',
            { constantRate: true, declaredEndSeconds: undefined },
            [0, 3, 4, 5, 6],
            3,
        ],
    ])('times of decoding, with %s', (_, input, ticks, repaired) => {
        const fps = { num: 25, den: 1 };
        const timeBase = { num: 1, den: 25 };
        const timeline = buildTimeline({ ...NTSC, ...input, fps, timeBase, pts: [0, 3, 4, 4, 3] });
        expect(timeline).toMatchObject({ ticks, repaired });
    });

    it('keeps times that can be those of display, whatever the container', () => {
        const timeline = buildTimeline({
            ...NTSC,
            pts: [0, 1001, 3003],
            constantRate: true,
            declaredEndSeconds: 0.1001,
        });
        expect(timeline).toMatchObject({ ticks: [0, 1001, 3003], repaired: 0 });
    });

    it('makes up times where the source has none', () => {
        const timeline = buildTimeline({ ...NTSC, pts: [undefined, undefined, undefined] });
        expect(timeline).toMatchObject({ ticks: [0, 1001, 2002], repaired: 3 });
    });
});

describe('the timestamp file', () => {
    it('has a line for each frame and one for the end', () => {
        const lines = [...timestampFileLines(buildTimeline(NTSC))];
        expect(lines.join('')).toBe(
            '# timestamp format v2\n0.000000\n33.366667\n66.733333\n100.100000\n',
        );
    });

    it('is exact after a day at a clock of 600 000 ticks per second', () => {
        const ticks = 24 * 3600 * 600_000 + 1;
        expect(ticksToNanoseconds(ticks, { num: 1, den: 600_000 })).toBe(86_400_000_001_667);
    });
});

describe('matroskaScale', () => {
    it.each([
        ['whole milliseconds', [0, 40, 80], MILLISECONDS, false, 1_000_000],
        ['thirds of milliseconds', [0, 1001], { num: 1, den: 30_000 }, false, 10_000],
        [
            'an intermediate file on a 90 kHz clock',
            [0, 3003],
            { num: 1, den: 90_000 },
            true,
            10_000,
        ],
        ['an intermediate file on a finer clock', [0, 1], { num: 1, den: 600_000 }, true, 1000],
        ['a lasting file on a finer clock', [0, 1], { num: 1, den: 600_000 }, false, 10_000],
    ])('for %s', (_name, pts, timeBase, isIntermediate, scale) => {
        const timeline = buildTimeline({ ...NTSC, pts, timeBase });
        expect(matroskaScale(timeline, isIntermediate)).toBe(scale);
    });
});
