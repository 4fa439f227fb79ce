/** The test vectors of docs/PROTOCOL.md, over bytes whose value is their offset modulo 251. */
import { fileIdOf, leafCount, leafLength } from '../../src/protocol/file-id.js';
import { LEAF_BYTES } from '../../src/protocol/limits.js';
import { computeProof } from '../../src/protocol/proof.js';

/** Longer than any vector's file. */
const PATTERN = Buffer.from(new Uint8Array(9 * LEAF_BYTES).map((_, i) => i % 251));

const patternBytes = (sizeBytes: number): Buffer => PATTERN.subarray(0, sizeBytes);

const SIZES: readonly (readonly [title: string, sizeBytes: number])[] = [
    ['0', 0],
    ['1', 1],
    ['1 MiB − 1', LEAF_BYTES - 1],
    ['1 MiB', LEAF_BYTES],
    ['1 MiB + 1', LEAF_BYTES + 1],
    ['8 MiB + 3', 8 * LEAF_BYTES + 3],
];

export const FILE_VECTORS = SIZES.map(([title, size]) => ({
    title,
    size,
    leaves: leafCount(size),
    id: fileIdOf(patternBytes(size)),
}));

const PROOF_SIZE = 8 * LEAF_BYTES + 3;
const nonce = Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('hex');
/** The first, one in between, and the last one, which is short. */
const leaves = [0, 5, 8];

export const PROOF_VECTOR = {
    size: PROOF_SIZE,
    nonce,
    leaves,
    proof: await computeProof(
        nonce,
        leaves.map((index) =>
            patternBytes(PROOF_SIZE).subarray(
                index * LEAF_BYTES,
                index * LEAF_BYTES + leafLength(PROOF_SIZE, index),
            ),
        ),
    ),
};
