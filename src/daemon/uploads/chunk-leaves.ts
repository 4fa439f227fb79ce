/** The leaves of one chunk on their way to the disk, wherever their bytes come from. */
import type { Context } from '../context.js';
import type { Upload } from '../store/index.js';
import type { Backlog } from './backlog.js';
import type { ChunkPlace } from './chunk.js';
import { takeLeafBuffer } from './leaf-buffers.js';
import type { FilePlace } from './leaf-task.js';
import { LeafWriter, type WholeLeaf } from './leaf-writer.js';

export class ChunkLeaves {
    readonly #context: Context;
    readonly #writer: LeafWriter;
    readonly #firstLeaf: number;
    readonly #digests: readonly string[] | undefined;
    readonly #storing: Promise<void>[] = [];
    #failure: Error | undefined;

    private constructor(
        context: Context,
        writer: LeafWriter,
        firstLeaf: number,
        digests: readonly string[] | undefined,
    ) {
        this.#context = context;
        this.#writer = writer;
        this.#firstLeaf = firstLeaf;
        this.#digests = digests;
    }

    /**
     * The caller closes it.
     * @param digests hex digests of the chunk's leaves in order, where the sender gave them
     * @throws KvzError UNKNOWN_UPLOAD when the upload has ended meanwhile
     */
    static async open(
        context: Context,
        upload: Upload,
        { firstLeaf }: ChunkPlace,
        digests: readonly string[] | undefined,
    ): Promise<ChunkLeaves> {
        const writer = await LeafWriter.open(context, upload);
        return new ChunkLeaves(context, writer, firstLeaf, digests);
    }

    /** Whether a leaf could not be stored; nothing more needs to come then. */
    get failed(): boolean {
        return this.#failure !== undefined;
    }

    /**
     * Stores a leaf that has arrived, while others come.
     * @param index of the leaf in its file, 0-based
     * @returns a promise when the next one has to wait
     */
    store(index: number, leaf: WholeLeaf): Promise<void> | undefined {
        const { received } = this.#context.leafThreads;
        this.#begin(index, leaf, received);
        return received.room();
    }

    /**
     * Has a leaf read from a file and stored. It takes memory only when its turn has come.
     * @param index of the leaf in its file, 0-based
     * @param length bytes of the leaf
     * @param signal of which it does not begin any more
     */
    async copy(
        index: number,
        length: number,
        source: FilePlace,
        signal: AbortSignal,
    ): Promise<void> {
        const { unread } = this.#context.leafThreads;
        await unread.whenRoom(() => {
            if (signal.aborted) return;
            this.#begin(index, { buffer: takeLeafBuffer(), length, source }, unread);
        });
    }

    #begin(index: number, leaf: WholeLeaf, backlog: Backlog): void {
        const expected = this.#digests?.[index - this.#firstLeaf];
        const stored = backlog.add(() => this.#writer.write(index, leaf, expected));
        this.#storing.push(stored.catch((error: Error) => void (this.#failure ??= error)));
    }

    /**
     * Waits for all leaves, and records those that are stored.
     * @throws the error of the first one that is not, as of {@link LeafWriter.write}
     */
    async stored(): Promise<void> {
        await Promise.all(this.#storing);
        this.#writer.record();
        if (this.#failure) throw this.#failure;
    }

    async close(): Promise<void> {
        await this.#writer.close();
    }
}
