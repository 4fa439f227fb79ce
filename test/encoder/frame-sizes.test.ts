import { describe, expect, it } from 'vitest';
import { FrameSizes, MAX_SIZES } from '../../src/encoder/frame-sizes.js';

function sizesOf(bits: readonly number[], expectedFrames?: number): number[] {
    const sizes = new FrameSizes(expectedFrames);
    for (const each of bits) sizes.add(each);
    return sizes.means();
}

describe('the sizes of frames over a video', () => {
    it('are those of single frames while there are few', () => {
        expect(sizesOf([])).toEqual([]);
        expect(sizesOf([800, 80, 16])).toEqual([100, 10, 2]);
    });

    it('are means over stretches that fit what is expected', () => {
        const bits = [800, 400, 80, 160, 8];
        expect(sizesOf(bits, 2 * MAX_SIZES)).toEqual([75, 15, 1]);
    });

    it('stay few when more frames come than were expected, and lose nothing', () => {
        for (const frames of [MAX_SIZES, MAX_SIZES + 1, 1000, 12_345]) {
            const means = sizesOf(Array.from({ length: frames }, () => 80));
            expect(means.length).toBeLessThanOrEqual(MAX_SIZES);
            expect(means.length).toBeGreaterThanOrEqual(MAX_SIZES / 2);
            expect(new Set(means)).toEqual(new Set([10]));
        }
    });

    it('rise where the frames do', () => {
        const means = sizesOf(Array.from({ length: 1000 }, (_, n) => n * 8));
        expect(means.every((mean, n) => n === 0 || mean > (means[n - 1] ?? 0))).toBe(true);
    });
});
