/** Takes the leaves of a chunk from a file on this machine instead of from a connection. */
import type { FileHandle } from 'node:fs/promises';
import { KvzError } from '../../protocol/errors.js';
import { leafLength } from '../../protocol/file-id.js';
import { LEAF_BYTES } from '../../protocol/limits.js';
import type { Context } from '../context.js';
import type { Upload } from '../store/index.js';
import type { ChunkPlace } from './chunk.js';
import { ChunkLeaves } from './chunk-leaves.js';
import { SourceError } from './leaf-thread.js';

const interrupted = (): KvzError => new KvzError('UPLOAD_INTERRUPTED', 'the client has gone');

/**
 * Stores what is missing of a chunk. Reading goes on in the threads that store leaves, and only a
 * few leaves are in memory at once, of all that is copied.
 * @param source the whole file
 * @param digests hex digests of the chunk's leaves in order
 * @param signal ends it after the leaves that are under way; what is stored stays
 * @throws KvzError UPLOAD_CORRUPT when the file has other bytes there, or has become shorter;
 *     LOCAL_SOURCE_REFUSED when it cannot be read, UPLOAD_INTERRUPTED, UNKNOWN_UPLOAD
 */
export async function copyChunk(
    context: Context,
    upload: Upload,
    place: ChunkPlace,
    source: FileHandle,
    digests: readonly string[],
    signal: AbortSignal,
): Promise<void> {
    const { uploads } = context.store;
    const leaves = await ChunkLeaves.open(context, upload, place, digests);
    try {
        for (let index = place.firstLeaf; index < place.endLeaf; index += 1) {
            if (leaves.failed || signal.aborted) break;
            if (uploads.hasLeaf(upload.id, index)) continue;
            const from = { fd: source.fd, position: index * LEAF_BYTES };
            await leaves.copy(index, leafLength(upload.size, index), from, signal);
        }
        await leaves.stored();
        if (signal.aborted) throw interrupted();
    } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        throw new KvzError('LOCAL_SOURCE_REFUSED', `the source: ${error.message}`);
    } finally {
        await leaves.close();
    }
}
