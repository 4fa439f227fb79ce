/**
 * Proof of possession: what a client must show before it is given a file that another user sent.
 *
 * The daemon names a fresh nonce and a few leaves; the proof is HMAC-SHA256 with the nonce (its
 * bytes, sent as hex) as the key over the bytes of those leaves, one after the other in the order
 * named; lower-case hex. Knowing the file id alone, or all leaf digests, does not help.
 */
import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';
import { leafCount } from './file-id.js';

/**
 * How many leaves a challenge names; fewer where the file has fewer. Whoever has a part p of the
 * leaves passes one challenge in 1 / p^4: of half a file, one in 16.
 */
export const CHALLENGE_LEAVES = 4;

/** Picks distinct leaf indices (0-based, ascending) of a file of `sizeBytes` bytes. */
export function pickLeaves(sizeBytes: number): number[] {
    const count = leafCount(sizeBytes);
    const picked = new Set<number>();
    while (picked.size < Math.min(CHALLENGE_LEAVES, count)) picked.add(randomInt(count));
    return [...picked].sort((a, b) => a - b);
}

/**
 * Computes the proof.
 * @param nonce hex, from the challenge
 * @param leaves the bytes of each named leaf, in the order named
 */
export async function computeProof(
    nonce: string,
    leaves: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<string> {
    const hmac = createHmac('sha256', Buffer.from(nonce, 'hex'));
    for await (const bytes of leaves) hmac.update(bytes);
    return hmac.digest('hex');
}

/** Compares two hex proofs in constant time; false for anything that is not one. */
export function proofsEqual(expected: string, given: string): boolean {
    const a = Buffer.from(expected, 'hex');
    const b = Buffer.from(given, 'hex');
    return a.length === b.length && a.length > 0 && timingSafeEqual(a, b);
}
