/**
 * Writes leaves to their place in an upload's file and records them.
 *
 * A leaf is in memory as a whole, and its digest checked, before its turn to be written comes, so
 * a connection that hangs never holds anything that another one waits for. A leaf that is recorded
 * is never written again: what comes later for it, from whomever, cannot harm it.
 *
 * All chunks of an upload that are on their way share one writer: the file is opened once, and
 * leaves that were written at about the same time are recorded in one transaction.
 */
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { KvzError } from '../../protocol/errors.js';
import { leafLength } from '../../protocol/file-id.js';
import { LEAF_BYTES } from '../../protocol/limits.js';
import type { Context } from '../context.js';
import type { Upload } from '../store/index.js';
import { giveLeafBuffer } from './leaf-buffers.js';
import type { LeafTask } from './leaf-task.js';

/** For how long a leaf may be on the disk without a record: what a crash then makes come again. */
const RECORD_WITHIN_MS = 50;

/** A leaf that has arrived as a whole, or is to be read from a file. Its buffer goes with it. */
export type WholeLeaf = Pick<LeafTask, 'buffer' | 'length' | 'source'>;

const uploadEnded = (): KvzError => new KvzError('UNKNOWN_UPLOAD', 'the upload has ended');

/** Opens the file of an upload, which is made on first use. */
async function openTarget(path: string): Promise<FileHandle> {
    return open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        // Not "w": another chunk of this upload may make the file at the same time.
        return open(path, 'a').then(async (created) => {
            await created.close();
            return open(path, 'r+');
        });
    });
}

/** Removes the file of an upload that has ended, made again by a chunk that came too late. */
async function removeOrphan({ store, folders }: Context, { id, fileId }: Upload): Promise<void> {
    if (store.files.get(fileId)?.storage !== id)
        await rm(join(folders.sources, id), { force: true });
}

/** The writers of the uploads that chunks are on their way for, and how many of those share each. */
const shared = new Map<string, { writer: Promise<LeafWriter>; users: number }>();

export class LeafWriter {
    readonly #context: Context;
    readonly #upload: Upload;
    readonly #handle: FileHandle;
    /** Leaves that are being written; who comes with one of them, too, waits until it is there. */
    readonly #underWay = new Map<number, Promise<unknown>>();
    /** Digests of leaves that are on the disk and not recorded yet. */
    readonly #written = new Map<number, Buffer>();
    #timer: NodeJS.Timeout | undefined;

    private constructor(context: Context, upload: Upload, handle: FileHandle) {
        this.#context = context;
        this.#upload = upload;
        this.#handle = handle;
    }

    /**
     * Gives the writer of an upload, which opens its file. The caller closes it, once.
     * @throws KvzError UNKNOWN_UPLOAD when the upload has ended meanwhile
     */
    static async open(context: Context, upload: Upload): Promise<LeafWriter> {
        const { id } = upload;
        const entry = shared.get(id) ?? {
            writer: openTarget(join(context.folders.sources, id)).then(
                (handle) => new LeafWriter(context, upload, handle),
            ),
            users: 0,
        };
        shared.set(id, entry);
        entry.users += 1;
        try {
            const writer = await entry.writer;
            const state = context.store.uploads.get(id)?.state;
            if (state !== 'open') await removeOrphan(context, upload);
            // One that is complete takes what comes and drops it, as for any leaf that is here.
            if (state !== 'open' && state !== 'complete') throw uploadEnded();
            return writer;
        } catch (error) {
            await LeafWriter.#leave(id);
            throw error;
        }
    }

    /** The last one that leaves closes the file. */
    static async #leave(id: string): Promise<void> {
        const entry = shared.get(id);
        if (!entry) return;
        entry.users -= 1;
        if (entry.users > 0) return;
        shared.delete(id);
        await entry.writer.then(
            (writer) => writer.#end(),
            () => undefined,
        );
    }

    async #end(): Promise<void> {
        clearTimeout(this.#timer);
        await this.#handle.close();
    }

    /**
     * Compares a leaf with its digest and writes it, where it is not here yet; {@link record} tells
     * of it. One that is here already is not read from its source.
     * @param index of the leaf, 0-based
     * @param expected its digest in hex, where the sender said it
     * @throws KvzError UPLOAD_CORRUPT, UNKNOWN_UPLOAD when the upload has ended meanwhile;
     *     SourceError
     */
    async write(index: number, leaf: WholeLeaf, expected: string | undefined): Promise<void> {
        const { size } = this.#upload;
        if (leaf.length !== leafLength(size, index)) {
            throw new Error(`leaf ${index} cannot have ${leaf.length} bytes`);
        }
        const underWay = this.#underWay;
        for (let other = underWay.get(index); other; other = underWay.get(index)) {
            await other.catch(() => undefined);
        }
        const work = this.#writeAlone(index, leaf, expected);
        underWay.set(index, work);
        try {
            await work;
        } finally {
            underWay.delete(index);
        }
    }

    async #writeAlone(index: number, leaf: WholeLeaf, expected: string | undefined): Promise<void> {
        const { store, leafThreads } = this.#context;
        const { id } = this.#upload;
        const position = index * LEAF_BYTES;
        // Between this look and the row of the leaf the upload cannot become complete, as the leaf
        // is missing; afterwards its file belongs to whoever possesses it and is never written to.
        const state = store.uploads.get(id)?.state;
        const isMissing =
            state === 'open' && !this.#written.has(index) && !store.uploads.hasLeaf(id, index);
        if (leaf.source && !isMissing) {
            giveLeafBuffer(leaf.buffer);
            if (state !== 'open' && state !== 'complete') throw uploadEnded();
            return;
        }
        const target = isMissing ? { fd: this.#handle.fd, position } : undefined;
        const digest = await leafThreads.store({ ...leaf, expected, target });
        if (!digest) {
            throw new KvzError(
                'UPLOAD_CORRUPT',
                `the bytes from ${position} are not those that were announced`,
            );
        }
        if (state !== 'open' && state !== 'complete') throw uploadEnded();
        if (!isMissing) return;
        this.#written.set(index, digest);
        this.#timer ??= setTimeout(() => this.#recordInTime(), RECORD_WITHIN_MS);
    }

    /**
     * Records all leaves that are written, of whichever chunk. What can't be recorded is tried again
     * by the next one that asks for it.
     * @throws KvzError UNKNOWN_UPLOAD when the upload has ended meanwhile; the error of the store
     */
    record(): void {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        if (this.#written.size === 0) return;
        const leaves = Array.from(this.#written, ([index, digest]) => ({ index, digest }));
        const { id } = this.#upload;
        const after = this.#context.store.uploads.addLeaves(id, leaves, Date.now())?.state;
        if (after !== 'open') throw uploadEnded();
        this.#written.clear();
    }

    /** For a chunk that takes its time; if this fails, its end tells why. */
    #recordInTime(): void {
        try {
            this.record();
        } catch (error) {
            this.#context.log.debug({ upload: this.#upload.id, err: error }, 'leaves not recorded');
        }
    }

    async close(): Promise<void> {
        await LeafWriter.#leave(this.#upload.id);
    }
}
