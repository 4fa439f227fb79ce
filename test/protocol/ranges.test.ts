import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
    containsRange,
    missingRanges,
    normaliseRanges,
    rangesBytes,
    type ByteRange,
} from '../../src/protocol/ranges.js';

const SIZE = 60;

const rangeList = fc.array(
    fc
        .tuple(fc.nat(SIZE), fc.nat(SIZE))
        .map(([a, b]): ByteRange => [Math.min(a, b), Math.max(a, b)]),
    { maxLength: 12 },
);

/** The same set as one flag for each byte: slow and obviously right. */
function covered(ranges: readonly ByteRange[]): boolean[] {
    return Array.from({ length: SIZE }, (_, i) => ranges.some(([from, to]) => from <= i && i < to));
}

describe('ranges', () => {
    it('keep their bytes in normal form, which is sorted, disjoint and not touching', () => {
        fc.assert(
            fc.property(rangeList, (ranges) => {
                const normal = normaliseRanges(ranges);
                expect(covered(normal)).toEqual(covered(ranges));
                for (const [i, [from, to]] of normal.entries()) {
                    expect(from).toBeLessThan(to);
                    const next = normal[i + 1];
                    if (next) expect(to).toBeLessThan(next[0]);
                }
                expect(rangesBytes(normal)).toBe(covered(ranges).filter(Boolean).length);
            }),
        );
    });

    it('and what is missing of them make up the whole', () => {
        fc.assert(
            fc.property(rangeList, (ranges) => {
                const normal = normaliseRanges(ranges);
                const missing = missingRanges(normal, SIZE);
                expect(covered(missing)).toEqual(covered(normal).map((isHere) => !isHere));
                expect(normaliseRanges(missing)).toEqual(missing);
            }),
        );
    });

    it('contain a range when every byte of it is there', () => {
        fc.assert(
            fc.property(rangeList, fc.nat(SIZE), fc.nat(SIZE), (ranges, a, b) => {
                const range: ByteRange = [Math.min(a, b), Math.max(a, b)];
                const flags = covered(ranges).slice(range[0], range[1]);
                expect(containsRange(normaliseRanges(ranges), range)).toBe(flags.every(Boolean));
            }),
        );
    });
});
