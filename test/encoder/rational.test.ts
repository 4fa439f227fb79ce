import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRational, rescale } from '../../src/encoder/rational.js';

describe('parseRational', () => {
    it.each([
        ['30000/1001', { num: 30_000, den: 1001 }],
        ['50/2', { num: 25, den: 1 }],
        ['16:11', { num: 16, den: 11 }],
        ['25', { num: 25, den: 1 }],
    ])('reads %s', (text, expected) => {
        expect(parseRational(text)).toEqual(expected);
    });

    it.each(['0/0', '0/1', '1/0', '-1/2', '1.5', 'N/A', '', undefined])('refuses %s', (text) => {
        expect(parseRational(text)).toBeUndefined();
    });
});

describe('rescale', () => {
    it('rounds to the nearest integer', () => {
        fc.assert(
            fc.property(
                fc.integer({ min: -1_000_000, max: 1_000_000 }),
                fc.integer({ min: 1, max: 1000 }),
                fc.integer({ min: 1, max: 1000 }),
                (value, num, den) => {
                    const exact = (value * num) / den;
                    const rounded = rescale(value, BigInt(num), BigInt(den));
                    expect(Math.abs(rounded - exact)).toBeLessThanOrEqual(0.5 + 1e-9);
                },
            ),
        );
    });
});
