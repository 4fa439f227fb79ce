import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
    fileIdFromLeaves,
    fileIdOf,
    leafCount,
    leafDigest,
    leafLength,
} from '../../src/protocol/file-id.js';
import { LEAF_BYTES } from '../../src/protocol/limits.js';

/** Bytes 0, 1, … 250, 0, 1, … as in the published test vectors. */
function pattern(length: number): Buffer {
    return Buffer.from(Array.from({ length }, (_, i) => i % 251));
}

const sha256 = (...parts: Uint8Array[]): Buffer =>
    createHash('sha256').update(Buffer.concat(parts)).digest();

describe('file id', () => {
    it('is the digest of size and leaf digests', () => {
        const bytes = pattern(LEAF_BYTES + 1);
        const size = Buffer.from([0, 0, 0, 0, 0, 0x10, 0, 1]);
        const first = sha256(bytes.subarray(0, LEAF_BYTES));
        const second = sha256(bytes.subarray(LEAF_BYTES));
        expect(fileIdOf(bytes)).toBe(sha256(size, first, second).toString('hex'));
    });

    it.each([
        [0, 'af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc'],
        [1, sha256(Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]), sha256(pattern(1))).toString('hex')],
    ])('of %i bytes', (length, id) => {
        expect(fileIdOf(pattern(length))).toBe(id);
    });

    it('differs for contents that only differ in size or in one bit', () => {
        const bytes = pattern(2 * LEAF_BYTES);
        const other = Buffer.from(bytes);
        other.writeUInt8(other.readUInt8(LEAF_BYTES) ^ 1, LEAF_BYTES);
        const ids = [bytes, other, bytes.subarray(1), bytes.subarray(0, LEAF_BYTES)].map(fileIdOf);
        expect(new Set(ids).size).toBe(4);
    });

    it('cuts every size into leaves that cover it exactly', () => {
        fc.assert(
            fc.property(fc.integer({ min: 0, max: 60_000_000_000 }), (size) => {
                const count = leafCount(size);
                expect(count).toBe(Math.ceil(size / LEAF_BYTES));
                if (count === 0) return;
                const last = leafLength(size, count - 1);
                expect(last).toBeGreaterThan(0);
                expect((count - 1) * LEAF_BYTES + last).toBe(size);
            }),
        );
    });

    it('refuses digests that do not fit the size', () => {
        const digest = leafDigest(pattern(10));
        expect(() => fileIdFromLeaves(2 * LEAF_BYTES, digest)).toThrow(RangeError);
        expect(() => fileIdFromLeaves(-1, digest)).toThrow(RangeError);
        expect(() => fileIdFromLeaves(0.5, digest)).toThrow(RangeError);
    });
});
