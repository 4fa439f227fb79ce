/**
 * Writes leaves to their place in an upload's file and records them.
 *
 * A leaf is in memory as a whole, and its digest checked, before its turn to be written comes, so
 * a connection that hangs never holds anything that another one waits for. A leaf that is recorded
 * is never written again: what comes later for it, from whomever, cannot harm it.
 */
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { KvzError } from '../../protocol/errors.js';
import { leafLength } from '../../protocol/file-id.js';
import { LEAF_BYTES } from '../../protocol/limits.js';
import type { Context } from '../context.js';
import type { Upload } from '../store/index.js';
import type { LeafTask } from './leaf-task.js';

/** A leaf that has arrived as a whole. Its buffer goes with it. */
export type FilledLeaf = Pick<LeafTask, 'buffer' | 'length'>;

/** Leaves on their way to the disk; who comes with one of them, too, waits until it is there. */
const underWay = new Map<string, Promise<unknown>>();

async function alone<T>(key: string, work: () => Promise<T>): Promise<T> {
    for (let other = underWay.get(key); other; other = underWay.get(key)) {
        await other.catch(() => undefined);
    }
    const running = work();
    underWay.set(key, running);
    try {
        return await running;
    } finally {
        underWay.delete(key);
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
     * @param leaf all its bytes
     * @param expected its digest in hex, where the sender said it
     * @throws KvzError UPLOAD_CORRUPT, UNKNOWN_UPLOAD when the upload has ended meanwhile
     */
    async store(index: number, leaf: FilledLeaf, expected: string | undefined): Promise<void> {
        const { id, size } = this.#upload;
        if (leaf.length !== leafLength(size, index)) {
            throw new Error(`leaf ${index} cannot have ${leaf.length} bytes`);
        }
        await alone(`${id} ${index}`, () => this.#writeAndRecord(index, leaf, expected));
    }

    async #writeAndRecord(
        index: number,
        leaf: FilledLeaf,
        expected: string | undefined,
    ): Promise<void> {
        const { store, leafThread } = this.#context;
        const { id } = this.#upload;
        const position = index * LEAF_BYTES;
        // Between this look and the row of the leaf the upload cannot become complete, as the leaf
        // is missing; afterwards its file belongs to whoever possesses it and is never written to.
        const before = store.uploads.get(id)?.state;
        const isMissing = before === 'open' && !store.uploads.hasLeaf(id, index);
        const target = isMissing ? { fd: this.#handle.fd, position } : undefined;
        const digest = await leafThread.store({ ...leaf, expected, target });
        if (!digest) {
            throw new KvzError(
                'UPLOAD_CORRUPT',
                `the bytes from ${position} did not arrive as they were sent`,
            );
        }
        if (before !== 'open' && before !== 'complete') throw uploadEnded();
        if (!isMissing) return;
        const after = store.uploads.addLeaves(id, [{ index, digest }], Date.now())?.state;
        if (after !== 'open') throw uploadEnded();
    }

    async close(): Promise<void> {
        await this.#handle.close();
    }
}
