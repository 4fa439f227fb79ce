/**
 * The identity of a file's content: a tree hash.
 *
 * A leaf is the SHA-256 digest of one slice of {@link LEAF_BYTES} bytes (the last slice may be
 * shorter, an empty file has none). The file id is the SHA-256 over the size as 8 bytes, big
 * endian, followed by the leaf digests in order; lower-case hex.
 *
 * Leaves are checked as chunks arrive, so no pass over the whole file is needed at the end, and
 * they can be computed in parallel, also in a browser with WebCrypto.
 */
import { createHash } from 'node:crypto';
import { LEAF_BYTES } from './limits.js';

/** Bytes of one leaf digest. */
export const DIGEST_BYTES = 32;

export const FILE_ID_PATTERN = /^[0-9a-f]{64}$/;

/** The number of leaves of a file of `sizeBytes` bytes. */
export function leafCount(sizeBytes: number): number {
    return Math.ceil(sizeBytes / LEAF_BYTES);
}

/** Bytes of leaf `index` (0-based) in a file of `sizeBytes` bytes. */
export function leafLength(sizeBytes: number, index: number): number {
    return Math.min(LEAF_BYTES, sizeBytes - index * LEAF_BYTES);
}

/** The digest of one leaf's bytes. */
export function leafDigest(bytes: Uint8Array): Buffer {
    return createHash('sha256').update(bytes).digest();
}

/**
 * The file id from a size and all leaf digests, one after the other (32 bytes each).
 * @throws RangeError for a size that is none, or digests that are not as many as it asks for
 */
export function fileIdFromLeaves(sizeBytes: number, digests: Uint8Array): string {
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
        throw new RangeError(`not a file size: ${sizeBytes}`);
    }
    if (digests.length !== leafCount(sizeBytes) * DIGEST_BYTES) {
        throw new RangeError(
            `${digests.length / DIGEST_BYTES} leaf digests for a file of ${leafCount(sizeBytes)} leaves`,
        );
    }
    const size = Buffer.alloc(8);
    size.writeBigUInt64BE(BigInt(sizeBytes));
    return createHash('sha256').update(size).update(digests).digest('hex');
}

/** The file id of bytes that are all in memory. */
export function fileIdOf(bytes: Uint8Array): string {
    const digests: Buffer[] = [];
    for (let offset = 0; offset < bytes.length; offset += LEAF_BYTES) {
        digests.push(leafDigest(bytes.subarray(offset, offset + LEAF_BYTES)));
    }
    return fileIdFromLeaves(bytes.length, Buffer.concat(digests));
}
