/**
 * Writes leaves to their place in an upload's file and records them.
 *
 * A leaf is in memory as a whole, and its digest checked, before its turn to be written comes, so
 * a connection that hangs never holds anything that another one waits for. A leaf that is recorded
 * is never written again: what comes later for it, from whomever, cannot harm it.
 */
import { webcrypto } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { KvzError } from '../../protocol/errors.js';
import { leafLength } from '../../protocol/file-id.js';
import { LEAF_BYTES } from '../../protocol/limits.js';
import type { Context } from '../context.js';
import type { Upload } from '../store/index.js';

/**
 * Those who write to an upload now, one at a time: so no leaf is written twice, and file systems
 * let one writer at a file anyway, for which others would wait with the processor busy.
 */
const writers = new Map<string, PQueue>();

async function inTurn(uploadId: string, work: () => Promise<void>): Promise<void> {
    const queue = writers.get(uploadId) ?? new PQueue({ concurrency: 1 });
    writers.set(uploadId, queue);
    try {
        await queue.add(work);
    } finally {
        if (queue.size + queue.pending === 0) writers.delete(uploadId);
    }
}

/** As `leafDigest`, but beside the main thread, which has all connections to serve. */
async function digestBeside(bytes: Uint8Array): Promise<Buffer> {
    return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes));
}

async function writeWhole(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
        const { bytesWritten } = await handle.write(
            bytes,
            done,
            bytes.length - done,
            position + done,
        );
        done += bytesWritten;
    }
}

const uploadEnded = (): KvzError => new KvzError('UNKNOWN_UPLOAD', 'the upload has ended');

/** Removes the file of an upload that has ended, made again by a chunk that came too late. */
async function removeOrphan({ store, folders }: Context, { id, fileId }: Upload): Promise<void> {
    if (store.files.get(fileId)?.storage !== id)
        await rm(join(folders.sources, id), { force: true });
}

export class LeafWriter {
    readonly #context: Context;
    readonly #upload: Upload;
    readonly #handle: FileHandle;

    private constructor(context: Context, upload: Upload, handle: FileHandle) {
        this.#context = context;
        this.#upload = upload;
        this.#handle = handle;
    }

    /**
     * Opens the upload's file, which is made on first use. The caller closes the writer.
     * @throws KvzError UNKNOWN_UPLOAD when the upload has ended meanwhile
     */
    static async open(context: Context, upload: Upload): Promise<LeafWriter> {
        const path = join(context.folders.sources, upload.id);
        const handle = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
            if (error.code !== 'ENOENT') throw error;
            // Not "w": another chunk of this upload may make the file at the same time.
            return open(path, 'a').then(async (created) => {
                await created.close();
                return open(path, 'r+');
            });
        });
        const state = context.store.uploads.get(upload.id)?.state;
        if (state !== 'open') await removeOrphan(context, upload);
        // One that is complete takes what comes and drops it, as for any leaf that is here.
        if (state === 'open' || state === 'complete') {
            return new LeafWriter(context, upload, handle);
        }
        await handle.close();
        throw uploadEnded();
    }

    /**
     * @param index of the leaf, 0-based
     * @param bytes of the whole leaf
     * @param expected its digest in hex, where the sender said it
     * @throws KvzError UPLOAD_CORRUPT, UNKNOWN_UPLOAD when the upload has ended meanwhile
     */
    async store(index: number, bytes: Uint8Array, expected: string | undefined): Promise<void> {
        const upload = this.#upload;
        if (bytes.length !== leafLength(upload.size, index)) {
            throw new Error(`leaf ${index} cannot have ${bytes.length} bytes`);
        }
        const digest = await digestBeside(bytes);
        if (expected !== undefined && digest.toString('hex') !== expected) {
            throw new KvzError(
                'UPLOAD_CORRUPT',
                `the bytes from ${index * LEAF_BYTES} did not arrive as they were sent`,
            );
        }
        await inTurn(upload.id, () => this.#writeAndRecord(index, bytes, digest));
    }

    async #writeAndRecord(index: number, bytes: Uint8Array, digest: Buffer): Promise<void> {
        const { uploads } = this.#context.store;
        const { id } = this.#upload;
        // Between this look and the row of the leaf the upload cannot become complete, as the leaf
        // is missing; afterwards its file belongs to whoever possesses it and is never written to.
        const before = uploads.get(id)?.state;
        if (before === 'complete') return;
        if (before !== 'open') throw uploadEnded();
        if (uploads.hasLeaf(id, index)) return;
        await writeWhole(this.#handle, bytes, index * LEAF_BYTES);
        const after = uploads.addLeaves(id, [{ index, digest }], Date.now())?.state;
        if (after !== 'open') throw uploadEnded();
    }

    async close(): Promise<void> {
        await this.#handle.close();
    }
}
