/**
 * The place of a chunk in its upload, from the parameters that Resumable.js 1.1.0 puts into the
 * URL. Its rules for sizes (resumable.js, `ResumableChunk`): chunk n of size s begins at
 * (n - 1) * s; the last one ends at the end of the file and is as long as s to twice that, or
 * shorter than s with forceChunkSize. `resumableTotalChunks` differs between requests and is not
 * looked at.
 */
import * as z from 'zod';
import { KvzError } from '../../protocol/errors.js';
import { leafCount } from '../../protocol/file-id.js';
import { LEAF_BYTES } from '../../protocol/limits.js';
import { firstIssue } from '../../protocol/messages.js';
import type { Upload } from '../store/index.js';

/** The longest chunk size that is taken, bytes; a last chunk may be twice as long. */
export const MAX_CHUNK_BYTES = 64 * LEAF_BYTES;

const count = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const parametersSchema = z.object({
    resumableIdentifier: z.string().min(1).max(64),
    resumableChunkNumber: count.min(1),
    resumableChunkSize: count.min(1),
    resumableCurrentChunkSize: count.optional(),
    resumableTotalSize: count,
});
export type ChunkParameters = z.infer<typeof parametersSchema>;

export interface ChunkPlace {
    /** First byte of the chunk in the file. */
    offset: number;
    /** Bytes of the chunk. */
    length: number;
    /** The leaves that it holds: `[firstLeaf, endLeaf)`. */
    firstLeaf: number;
    endLeaf: number;
}

/** @throws KvzError UPLOAD_BAD_CHUNK */
export function parseChunkParameters(query: unknown): ChunkParameters {
    const parsed = parametersSchema.safeParse(query);
    if (!parsed.success) throw new KvzError('UPLOAD_BAD_CHUNK', firstIssue(parsed.error));
    return parsed.data;
}

/** @throws KvzError UPLOAD_BAD_CHUNK */
export function placeChunk(parameters: ChunkParameters, upload: Upload): ChunkPlace {
    const bad = (message: string): KvzError => new KvzError('UPLOAD_BAD_CHUNK', message);
    const { resumableChunkNumber, resumableChunkSize, resumableTotalSize } = parameters;
    if (resumableTotalSize !== upload.size) {
        throw bad(`the upload has ${upload.size} bytes, not ${resumableTotalSize}`);
    }
    if (resumableChunkSize % LEAF_BYTES !== 0 || resumableChunkSize > MAX_CHUNK_BYTES) {
        throw bad(
            `a chunk size is a multiple of ${LEAF_BYTES} bytes up to ${MAX_CHUNK_BYTES}, ` +
                `not ${resumableChunkSize}`,
        );
    }
    const offset = (resumableChunkNumber - 1) * resumableChunkSize;
    const rest = upload.size - offset;
    if (rest <= 0) throw bad(`chunk ${resumableChunkNumber} begins after the end of the file`);
    const length = parameters.resumableCurrentChunkSize ?? Math.min(resumableChunkSize, rest);
    const isLast = length === rest && length < 2 * resumableChunkSize;
    if (length !== resumableChunkSize && !isLast) {
        throw bad(`chunk ${resumableChunkNumber} cannot have ${length} bytes`);
    }
    if (length > rest) throw bad(`chunk ${resumableChunkNumber} ends after the end of the file`);
    return {
        offset,
        length,
        firstLeaf: offset / LEAF_BYTES,
        endLeaf: leafCount(offset + length),
    };
}
