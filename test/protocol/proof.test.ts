import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leafCount } from '../../src/protocol/file-id.js';
import {
    CHALLENGE_LEAVES,
    computeProof,
    pickLeaves,
    proofsEqual,
} from '../../src/protocol/proof.js';

describe('proof of possession', () => {
    it('is the HMAC of the leaves with the nonce as key', async () => {
        const nonce = '00ff'.repeat(16);
        const leaves = [Buffer.from('first'), Buffer.from('second')];
        const expected = createHmac('sha256', Buffer.from(nonce, 'hex'))
            .update('firstsecond')
            .digest('hex');
        expect(await computeProof(nonce, leaves)).toBe(expected);
        expect(proofsEqual(expected, expected)).toBe(true);
    });

    it('equals nothing else, and nothing at all is no proof', () => {
        expect(proofsEqual('00'.repeat(32), `01${'00'.repeat(31)}`)).toBe(false);
        expect(proofsEqual('00'.repeat(32), '00')).toBe(false);
        expect(proofsEqual('', '')).toBe(false);
        expect(proofsEqual('00'.repeat(32), 'not hex')).toBe(false);
    });

    it('is asked of leaves that the file has, each once', () => {
        fc.assert(
            fc.property(fc.integer({ min: 1, max: 10_000_000_000 }), (size) => {
                const leaves = pickLeaves(size);
                expect(leaves).toHaveLength(Math.min(CHALLENGE_LEAVES, leafCount(size)));
                expect(new Set(leaves).size).toBe(leaves.length);
                for (const leaf of leaves) {
                    expect(leaf).toBeGreaterThanOrEqual(0);
                    expect(leaf).toBeLessThan(leafCount(size));
                }
            }),
        );
    });
});
