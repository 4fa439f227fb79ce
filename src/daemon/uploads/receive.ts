/** Takes the body of a chunk apart into leaves and hands each to the writer as it is complete. */
import type { Readable } from 'node:stream';
import { KvzError } from '../../protocol/errors.js';
import { leafLength } from '../../protocol/file-id.js';
import { LEAF_BYTES } from '../../protocol/limits.js';
import type { Context } from '../context.js';
import type { Upload } from '../store/index.js';
import type { ChunkPlace } from './chunk.js';
import { LeafWriter } from './leaf-writer.js';

/** Leaves of one chunk that may be on their way to the disk while the next one fills. */
const WRITES_IN_FLIGHT = 2;

const spareBuffers: Buffer[] = [];
const MAX_SPARE_BUFFERS = 24;

function takeBuffer(): Buffer {
    return spareBuffers.pop() ?? Buffer.allocUnsafeSlow(LEAF_BYTES);
}

function giveBuffer(buffer: Buffer): void {
    if (spareBuffers.length < MAX_SPARE_BUFFERS) spareBuffers.push(buffer);
}

/**
 * Stores a chunk. Whole leaves that have arrived stay, also when the rest does not.
 * @param digests hex digests of the chunk's leaves in order, where the sender gave them
 * @throws KvzError UPLOAD_BAD_CHUNK when the body has not the chunk's length, UPLOAD_INTERRUPTED
 *     when it broke off, UPLOAD_CORRUPT
 */
export async function receiveChunk(
    context: Context,
    upload: Upload,
    place: ChunkPlace,
    body: Readable,
    digests: readonly string[] | undefined,
): Promise<void> {
    const writer = await LeafWriter.open(context, upload);
    const writes = new Set<Promise<void>>();
    let failure: Error | undefined;
    let index = place.firstLeaf;
    let buffer = takeBuffer();
    let filled = 0;
    let received = 0;

    const flush = (): void => {
        const leaf = buffer;
        const write = writer
            .store(index, leaf.subarray(0, filled), digests?.[index - place.firstLeaf])
            .catch((error: Error) => {
                failure ??= error;
            })
            .finally(() => {
                writes.delete(write);
                giveBuffer(leaf);
            });
        writes.add(write);
        index += 1;
        filled = 0;
        buffer = takeBuffer();
    };

    try {
        for await (const piece of body as AsyncIterable<Buffer>) {
            received += piece.length;
            if (received > place.length) {
                throw new KvzError('UPLOAD_BAD_CHUNK', `the body is over ${place.length} bytes`);
            }
            let used = 0;
            while (used < piece.length) {
                const wanted = leafLength(upload.size, index) - filled;
                const part = Math.min(wanted, piece.length - used);
                piece.copy(buffer, filled, used, used + part);
                filled += part;
                used += part;
                if (part === wanted) {
                    flush();
                    while (writes.size >= WRITES_IN_FLIGHT) await Promise.race(writes);
                    if (failure) throw failure;
                }
            }
        }
        if (received !== place.length) {
            throw new KvzError(
                'UPLOAD_BAD_CHUNK',
                `the body has ${received} bytes instead of ${place.length}`,
            );
        }
    } catch (error) {
        failure ??=
            (error as NodeJS.ErrnoException).code === 'ECONNRESET'
                ? new KvzError('UPLOAD_INTERRUPTED', 'the chunk broke off', { cause: error })
                : (error as Error);
    } finally {
        giveBuffer(buffer);
        while (writes.size > 0) await Promise.all(writes);
        await writer.close();
    }
    if (failure) throw failure;
}
