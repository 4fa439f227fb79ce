/**
 * Writes leaves to their place in an upload's file and records them.
 *
 * A leaf is in memory as a whole, and its digest checked, before its turn to be written comes, so
 * a connection that hangs never holds anything that another one waits for. A leaf that is recorded
 * is never written again: what comes later for it, from whomever, cannot harm it.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { KvzError } from '../../protocol/errors.js';
import { leafDigest, leafLength } from '../../protocol/file-id.js';
import { LEAF_BYTES } from '../../protocol/limits.js';
import type { Context } from '../context.js';
import type { Upload } from '../store/index.js';

/** Leaves that are being written now, by upload and index. */
const writing = new Map<string, Promise<void>>();

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

export class LeafWriter {
    readonly #context: Context;
    readonly #upload: Upload;
    readonly #handle: FileHandle;

    private constructor(context: Context, upload: Upload, handle: FileHandle) {
        this.#context = context;
        this.#upload = upload;
        this.#handle = handle;
    }

    /** Opens the upload's file, which is made on first use. The caller closes the writer. */
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
        return new LeafWriter(context, upload, handle);
    }

    /**
     * @param index of the leaf, 0-based
     * @param bytes of the whole leaf
     * @param expected its digest in hex, where the sender said it
     * @throws KvzError UPLOAD_CORRUPT, UNKNOWN_UPLOAD when the upload has ended meanwhile
     */
    async store(index: number, bytes: Uint8Array, expected: string | undefined): Promise<void> {
        const { store } = this.#context;
        const upload = this.#upload;
        if (bytes.length !== leafLength(upload.size, index)) {
            throw new Error(`leaf ${index} cannot have ${bytes.length} bytes`);
        }
        const digest = leafDigest(bytes);
        if (expected !== undefined && digest.toString('hex') !== expected) {
            throw new KvzError(
                'UPLOAD_CORRUPT',
                `the bytes from ${index * LEAF_BYTES} did not arrive as they were sent`,
            );
        }
        const key = `${upload.id}:${index}`;
        for (let other = writing.get(key); other; other = writing.get(key)) {
            await other.catch(() => undefined);
        }
        if (store.uploads.hasLeaf(upload.id, index)) return;
        const work = this.#writeAndRecord(index, bytes, digest);
        writing.set(key, work);
        try {
            await work;
        } finally {
            writing.delete(key);
        }
    }

    async #writeAndRecord(index: number, bytes: Uint8Array, digest: Buffer): Promise<void> {
        const { uploads } = this.#context.store;
        await writeWhole(this.#handle, bytes, index * LEAF_BYTES);
        const state = uploads.addLeaves(this.#upload.id, [{ index, digest }], Date.now())?.state;
        if (state !== 'open' && state !== 'complete') {
            throw new KvzError('UNKNOWN_UPLOAD', 'the upload has ended');
        }
    }

    async close(): Promise<void> {
        await this.#handle.close();
    }
}
