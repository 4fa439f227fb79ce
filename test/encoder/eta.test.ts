/**
 * The estimate of the time left, on the courses of real encodes: in fixtures/encode-courses.json
 * is the processor time of kvazaar and of the decoder (halved, as for two cores without other
 * work) when each hundredth of the frames was coded, and what a packet of each hundredth of the
 * source has on average, in bytes. The clips: `car`, a road where calm and busy scenes that cost a
 * factor of four follow each other, and whose packets tell nothing of that; the same thrice, and
 * with a constant bitrate; the road and a person who walks (`asl`), in both orders; a still picture, noise
 * and a fractal; test picture, fractal and cells; a fractal and the road as MPEG-4 Part 2.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Course, secondsLeft } from '../../src/encoder/eta.js';
import type { Sample } from '../../src/encoder/eta.js';
import { FrameCosts } from '../../src/encoder/frame-costs.js';

interface Recorded {
    frames: number;
    logoFrames: number;
    sizes: number[];
    ms: Record<string, number[]>;
}

const COURSES = JSON.parse(
    readFileSync(new URL('../fixtures/encode-courses.json', import.meta.url), 'utf8'),
) as Record<string, Recorded>;

function recorded(name: string): Recorded {
    const found = COURSES[name];
    if (!found) throw new Error(`no course of ${name}`);
    return found;
}

function course(name: string, preset: string, times: number): Sample[] {
    const { frames, ms } = recorded(name);
    return (ms[preset] ?? []).map((each, index, { length }) => ({
        ms: each * times,
        frame: Math.round(((index + 1) / length) * frames),
    }));
}

const costsOf = (name: string): FrameCosts => {
    const { sizes, frames, logoFrames } = recorded(name);
    return new FrameCosts(sizes, frames - logoFrames);
};

/** The share of the time after the first tenth in which the estimate was within 20 %. */
function shareRight(samples: readonly Sample[], costs?: FrameCosts): number {
    const end = samples.at(-1) ?? { ms: 0, frame: 0 };
    const right = samples.flatMap((now, index) => {
        const leftMs = end.ms - now.ms;
        if (now.frame < end.frame / 10 || leftMs < 1000) return [];
        const past = samples.slice(0, index + 1);
        const estimate = secondsLeft(past, end.frame, costs?.learn(past)) ?? Infinity;
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
        ['car', 'medium', 0.5, 0.5],
        ['car', 'veryfast', 0.8, 0.7],
        ['car3', 'medium', 0.9, 0.85],
        ['car3', 'ultrafast', 0.95, 0.9],
        ['car-cbr', 'medium', 0.75, 0.6],
        ['asl-car', 'medium', 0.95, 0.95],
        ['car-asl', 'ultrafast', 0.9, 0.9],
        ['calmnoise', 'medium', 0.4, 0.35],
        ['synth', 'medium', 0.95, 0.9],
        ['mand-car', 'medium', 0.65, 0.6],
    ])('%s with %s is within 20 %% for most of the time', (name, preset, once, tenTimes) => {
        const costs = costsOf(name);
        expect(shareRight(course(name, preset, 1), costs)).toBeGreaterThanOrEqual(once);
        expect(shareRight(course(name, preset, 10), costs)).toBeGreaterThanOrEqual(tenTimes);
    });

    it('is right twice as often where the sizes of packets are known', () => {
        let [even, weighed, count] = [0, 0, 0];
        for (const [name, { ms }] of Object.entries(COURSES)) {
            for (const preset of Object.keys(ms)) {
                const samples = course(name, preset, 10);
                even += shareRight(samples);
                weighed += shareRight(samples, costsOf(name));
                count += 1;
            }
        }
        expect(count).toBe(24);
        expect(even / count).toBeLessThan(0.5);
        expect(weighed / count).toBeGreaterThan(0.8);
    });

    it('needs few samples', () => {
        const long = new Course();
        for (let n = 0; n < 100_000; n++) long.add({ ms: n * 250, frame: n });
        expect(long.samples.length).toBeLessThanOrEqual(2_000);
        expect(long.samples.at(-1)).toEqual({ ms: 24_999_750, frame: 99_999 });
        expect(secondsLeft(long.samples, 200_000)).toBeCloseTo((100_001 * 250) / 1000, 0);
    });
});

describe('the cost of frames', () => {
    const even = Array.from({ length: 100 }, (_, n) => ({ ms: n * 40, frame: n }));

    it('goes with the sizes of packets, as far as it has been so', () => {
        const sizes = [...Array<number>(100).fill(100), ...Array<number>(100).fill(1000)];
        const costs = new FrameCosts(sizes, 200);
        // Nothing speaks against it yet: the second half should take longer.
        expect(secondsLeft(even, 200, costs.learn(even))).toBeGreaterThan(2 * 101 * 0.04);
        // Sizes differed in the past, and costs did not.
        const varied = sizes.map((_, n) => (n % 40 < 20 ? 100 : 1000));
        const learnt = new FrameCosts(varied, 200).learn(even);
        expect(secondsLeft(even, 200, learnt) ?? 0).toBeCloseTo(101 * 0.04, 0);
    });

    it('takes any number of packets, and frames of the logo for average ones', () => {
        for (const sizes of [[0], [1, 2, 3], Array<number>(1000).fill(7)]) {
            const work = new FrameCosts(sizes, 200).learn(even);
            expect(work(200)).toBeCloseTo(200, 6);
            expect(work(225)).toBeCloseTo(225, 6);
        }
    });
});
