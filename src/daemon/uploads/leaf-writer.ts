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
import { KvzError } from '../../protocol/errors.js';
import { leafLength } from '../../protocol/file-id.js';
import { LEAF_BYTES } from '../../protocol/limits.js';
import type { Context } from '../context.js';
import type { Upload } from '../store/index.js';

/** Leaves that are being written now, by upload and index. */
const writing = new Map<string, Promise<void>>();

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
        const { store } = this.#context;
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
        const key = `${upload.id}:${index}`;
        for (let other = writing.get(key); other; other = writing.get(key)) {
            await other.catch(() => undefined);
        }
        // Between this look and the row of the leaf the upload cannot become complete, as the leaf
        // is missing; afterwards its file belongs to whoever possesses it and is never written to.
        const state = store.uploads.get(upload.id)?.state;
        if (state === 'complete') return;
        if (state !== 'open') throw uploadEnded();
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
        const upload = uploads.addLeaves(this.#upload.id, [{ index, digest }], Date.now());
        if (upload?.state !== 'open') throw uploadEnded();
    }

    async close(): Promise<void> {
        await this.#handle.close();
    }
}
