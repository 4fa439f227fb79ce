/** Takes the body of a chunk apart into leaves and hands each to the writer as it is complete. */
import type { Readable } from 'node:stream';
import { KvzError } from '../../protocol/errors.js';
import { leafLength } from '../../protocol/file-id.js';
import type { Context } from '../context.js';
import type { Upload } from '../store/index.js';
import type { ChunkPlace } from './chunk.js';
import { ChunkLeaves } from './chunk-leaves.js';
import { giveLeafBuffer, takeLeafBuffer, type LeafBuffer } from './leaf-buffers.js';
import { eachPiece } from './pieces.js';

/** Errors of a connection that was lost in the middle of a body. */
const BROKE_OFF = new Set(['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE']);

function asInterruption(error: unknown): unknown {
    const isLost = BROKE_OFF.has((error as NodeJS.ErrnoException).code ?? '');
    if (!isLost) return error;
    return new KvzError('UPLOAD_INTERRUPTED', 'the chunk broke off', { cause: error });
}

/**
 * Stores a chunk. Whole leaves that have arrived stay, also when the rest does not.
 *
 * Leaves are stored while the next ones arrive. When too many wait for that, nothing is read from
 * the connection: what the client sends meanwhile waits in the socket.
 * @param digests hex digests of the chunk's leaves in order, where the sender gave them
 * @throws KvzError UPLOAD_BAD_CHUNK when the body has not the chunk's length, UPLOAD_INTERRUPTED
 *     when it broke off, UPLOAD_CORRUPT, UNKNOWN_UPLOAD when the upload has ended meanwhile
 */
export async function receiveChunk(
    context: Context,
    upload: Upload,
    place: ChunkPlace,
    body: Readable,
    digests: readonly string[] | undefined,
): Promise<void> {
    const leaves = await ChunkLeaves.open(context, upload, place, digests);
    let leaf: LeafBuffer | undefined;
    let index = place.firstLeaf;
    let filled = 0;
    let received = 0;

    /** @returns a promise when the next leaf has to wait */
    const store = (buffer: LeafBuffer): Promise<void> | undefined => {
        const [at, length] = [index, filled];
        leaf = undefined;
        index += 1;
        filled = 0;
        return leaves.store(at, { buffer, length });
    };

    /** @returns a promise when what is left of the piece has to wait until leaves are stored */
    const fill = (piece: Buffer): Promise<void> | undefined => {
        // The rest of a chunk that failed is read and dropped: a connection that is closed while
        // the client still sends takes the answer with it.
        if (leaves.failed || piece.length === 0) return undefined;
        leaf ??= takeLeafBuffer();
        const wanted = leafLength(upload.size, index) - filled;
        const used = piece.copy(leaf, filled, 0, Math.min(wanted, piece.length));
        filled += used;
        if (used < wanted) return undefined;
        const rest = piece.subarray(used);
        return store(leaf)?.then(() => fill(rest)) ?? fill(rest);
    };

    try {
        let broken: unknown;
        await eachPiece(body, (piece) => {
            received += piece.length;
            if (received > place.length) {
                throw new KvzError('UPLOAD_BAD_CHUNK', `the body is over ${place.length} bytes`);
            }
            return fill(piece);
        }).catch((error: unknown) => (broken = error));
        await leaves.stored();
        if (broken !== undefined) throw asInterruption(broken);
        if (received !== place.length) {
            throw new KvzError(
                'UPLOAD_BAD_CHUNK',
                `the body has ${received} bytes instead of ${place.length}`,
            );
        }
    } finally {
        if (leaf) giveLeafBuffer(leaf);
        await leaves.close();
    }
}
