/**
 * The estimate of the time left, on the courses of real encodes: in fixtures/encode-courses.json
 * is the processor time of kvazaar (halved, as for two cores without other work) when each
 * hundredth of the frames was coded. `car` is a clip of a road where calm and busy scenes, which
 * cost a factor of four, follow each other; `loop` the same twice; the last begins with a still
 * picture, on which noise follows, so nothing in its past tells what it costs.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Course, secondsLeft } from '../../src/encoder/eta.js';
import type { Sample } from '../../src/encoder/eta.js';

interface Recorded {
    frames: number;
    ms: number[];
}

const COURSES = JSON.parse(
    readFileSync(new URL('../fixtures/encode-courses.json', import.meta.url), 'utf8'),
) as Record<string, Recorded>;

function course({ frames, ms }: Recorded, times: number): Sample[] {
    return ms.map((each, index) => ({
        ms: each * times,
        frame: Math.round(((index + 1) / ms.length) * frames),
    }));
}

/** The share of the time after the first tenth in which the estimate was within 20 %. */
function shareRight(samples: readonly Sample[]): number {
    const end = samples.at(-1) ?? { ms: 0, frame: 0 };
    const right = samples.flatMap((now, index) => {
        const leftMs = end.ms - now.ms;
        if (now.frame < end.frame / 10 || leftMs < 1000) return [];
        const estimate = secondsLeft(samples.slice(0, index + 1), end.frame) ?? Infinity;
        return [Math.abs(estimate * 1000 - leftMs) <= 0.2 * leftMs];
    });
    return right.filter(Boolean).length / right.length;
}

describe('the time left', () => {
    it('is right at once when frames cost the same', () => {
        const samples = Array.from({ length: 50 }, (_, n) => ({ ms: 3000 + n * 40, frame: n }));
        expect(secondsLeft(samples, 100)).toBeCloseTo((51 * 40) / 1000, 5);
        expect(shareRight(Array.from({ length: 500 }, (_, n) => ({ ms: n * 40, frame: n })))).toBe(
            1,
        );
    });

    it('is not known before frames come', () => {
        expect(secondsLeft([], 100)).toBeUndefined();
        expect(secondsLeft([{ ms: 0, frame: 0 }], 100)).toBeUndefined();
        expect(secondsLeft([{ ms: 5, frame: 7 }], 100)).toBeUndefined();
    });

    it('is nothing when all is done, and never less', () => {
        const samples = [
            { ms: 0, frame: 1 },
            { ms: 1000, frame: 100 },
        ];
        expect(secondsLeft(samples, 100)).toBe(0);
        expect(secondsLeft(samples, 90)).toBe(0);
    });

    it('follows a machine that has become slower', () => {
        const samples = Array.from({ length: 1000 }, (_, n) => ({
            ms: n < 500 ? n * 100 : 50_000 + (n - 500) * 300,
            frame: n,
        }));
        // 120 s of the slow time have passed, 30 s are left.
        const late = secondsLeft(samples.slice(0, 900), 999) ?? 0;
        expect(Math.abs(late - 30)).toBeLessThan(3);
    });

    // Lower bounds a little below what was measured; docs/ARCHITECTURE.md has the figures.
    it.each([
        ['car-medium', 1, 0.6],
        ['car-medium', 10, 0.5],
        ['car-slow', 1, 0.55],
        ['car-veryfast', 1, 0.7],
        ['car-veryfast', 10, 0.6],
        ['loop-medium', 1, 0.8],
        ['loop-veryfast', 1, 0.85],
        ['loop-veryfast', 10, 0.8],
    ])('%s, %i times as long: within 20 %% for the share %d of the time', (name, times, share) => {
        const recorded = COURSES[name];
        expect(recorded).toBeDefined();
        if (recorded) expect(shareRight(course(recorded, times))).toBeGreaterThanOrEqual(share);
    });

    it('needs few samples', () => {
        const long = new Course();
        for (let n = 0; n < 100_000; n++) long.add({ ms: n * 250, frame: n });
        expect(long.samples.length).toBeLessThanOrEqual(2_000);
        expect(long.samples.at(-1)).toEqual({ ms: 24_999_750, frame: 99_999 });
        expect(secondsLeft(long.samples, 200_000)).toBeCloseTo((100_001 * 250) / 1000, 0);
    });
});
