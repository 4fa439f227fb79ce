/**
 * One source on its way from the daemon to a file: over as many connections as it takes, asked for
 * by whichever job wants it still, read by all of them while it comes, and right only when its tree
 * hash is.
 */
import { EventEmitter, once, setMaxListeners } from 'node:events';
import { constants } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { backoffMs, sleep } from '../../backoff.js';
import { EncodeError, type Arrival } from '../../encoder/index.js';
import { fileIdFromLeaves, leafDigest } from '../../protocol/file-id.js';
import { LEAF_BYTES } from '../../protocol/limits.js';

/** Opens a source at an offset; see `DaemonLink.source`. */
export type FetchSource = (offset: number, signal: AbortSignal) => Promise<Readable>;

/** The source arrived whole and is not what it should be; another time it may. */
const damagedError = (what: string): EncodeError =>
    new EncodeError('INPUT_LOST', `the source did not arrive as it is on the daemon: ${what}`);

const RETRY = { firstMs: 250, maxMs: 10_000 };
/** What is read at once by those who follow. */
const PIECE_BYTES = 256 * 1024;

/** A job that wants the source. */
interface Follower {
    fetch: FetchSource;
    /** Aborted when it wants it no longer. */
    leaving: AbortController;
    /** Why the daemon does not give it the source. */
    refusal: unknown;
}

export interface SourceFile {
    id: string;
    sizeBytes: number;
    /** Where it is when it is complete, and until then. */
    path: string;
    partialPath: string;
}

export class SourceFetch {
    readonly #file: SourceFile;
    readonly #followers = new Set<Follower>();
    readonly #events = new EventEmitter();
    /** Resolves when the file is complete or nobody wants it any more. Never rejects. */
    readonly ended: Promise<void>;
    #handle: FileHandle | undefined;
    #bytes = 0;
    #isComplete = false;
    #failure: Error | undefined;

    constructor(file: SourceFile) {
        this.#file = file;
        setMaxListeners(0, this.#events);
        // The first follower joins right after this.
        this.ended = Promise.resolve().then(async () => this.#run());
    }

    /** Whether some job does; what nobody wants is about to end. */
    get isWanted(): boolean {
        return this.#followers.size > 0;
    }

    /** @returns what this job sees of it, and how it leaves */
    join(fetch: FetchSource): { arrival: Arrival; leave: () => Promise<void> } {
        const follower: Follower = { fetch, leaving: new AbortController(), refusal: undefined };
        this.#followers.add(follower);
        return {
            arrival: this.#arrivalFor(follower),
            leave: async () => {
                this.#followers.delete(follower);
                follower.leaving.abort();
                this.#events.emit('news');
                if (this.#followers.size > 0) return;
                await this.ended;
                await this.#handle?.close();
                this.#handle = undefined;
            },
        };
    }

    #arrivalFor(follower: Follower): Arrival {
        const bytes = (): number => this.#bytes;
        const isComplete = (): boolean => this.#isComplete;
        return {
            sizeBytes: this.#file.sizeBytes,
            get bytes() {
                return bytes();
            },
            get isComplete() {
                return isComplete();
            },
            read: async (offset, signal) => {
                while (offset >= this.#bytes && !this.#isComplete) {
                    if (follower.refusal !== undefined) throw follower.refusal as Error;
                    if (this.#failure) throw this.#failure;
                    await once(this.#events, 'news', { signal });
                }
                return this.#piece(offset);
            },
        };
    }

    async #piece(offset: number): Promise<Uint8Array> {
        const bytes = Buffer.allocUnsafe(Math.min(PIECE_BYTES, Math.max(0, this.#bytes - offset)));
        const read = await this.#handle?.read(bytes, 0, bytes.length, offset);
        return bytes.subarray(0, read?.bytesRead ?? 0);
    }

    async #run(): Promise<void> {
        const { id, sizeBytes, path, partialPath } = this.#file;
        const { O_CREAT, O_RDWR, O_TRUNC, O_NOFOLLOW } = constants;
        try {
            this.#handle = await open(partialPath, O_CREAT | O_RDWR | O_TRUNC | O_NOFOLLOW, 0o600);
            const digests = await this.#receive(this.#handle);
            if (fileIdFromLeaves(sizeBytes, digests) !== id) throw damagedError('its hash differs');
            await rename(partialPath, path);
            this.#isComplete = true;
        } catch (error) {
            this.#failure = fullDiskError(error) ?? (error as Error);
            await rm(partialPath, { force: true }).catch(() => undefined);
        }
        this.#events.emit('news');
    }

    /** Writes all of the source to the file. @returns the digests of its leaves */
    async #receive(handle: FileHandle): Promise<Buffer> {
        const { sizeBytes } = this.#file;
        const leaves = new LeafDigests();
        for (let vain = 0; this.#bytes < sizeBytes; vain += 1) {
            const [follower] = this.#followers;
            if (!follower) throw new Error('nobody wants the source any more');
            const { signal } = follower.leaving;
            try {
                // A connection that brings nothing is not asked for at once again.
                if (vain > 0) await sleep(backoffMs(vain - 1, RETRY), signal);
                const body = await follower.fetch(this.#bytes, signal);
                const before = this.#bytes;
                try {
                    await this.#take(handle, body, leaves);
                } finally {
                    if (this.#bytes > before) vain = -1;
                }
            } catch (error) {
                if (signal.aborted) vain = -1;
                else if (error instanceof BrokenOffError) continue;
                else if (error instanceof EncodeError || isDiskError(error)) throw error;
                else this.#refuse(follower, error);
            }
        }
        return leaves.end();
    }

    /** The daemon's answer is to one job; another one may still have the source. */
    #refuse(follower: Follower, error: unknown): void {
        follower.refusal = error;
        this.#followers.delete(follower);
        this.#events.emit('news');
    }

    async #take(handle: FileHandle, body: Readable, leaves: LeafDigests): Promise<void> {
        const pieces = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
        for (;;) {
            const next = await pieces.next().catch((cause: unknown) => {
                throw new BrokenOffError('the connection broke', { cause });
            });
            if (next.done === true) return;
            const piece = next.value;
            if (this.#bytes + piece.length > this.#file.sizeBytes) {
                body.destroy();
                throw damagedError('it is too long');
            }
            await writeAll(handle, piece, this.#bytes);
            leaves.add(piece);
            this.#bytes += piece.length;
            this.#events.emit('news');
        }
    }
}

/** The next connection goes on from where this one came to. */
class BrokenOffError extends Error {}

/** Digests of leaves, from pieces of any length. */
class LeafDigests {
    readonly #digests: Buffer[] = [];
    readonly #leaf = Buffer.allocUnsafeSlow(LEAF_BYTES);
    #filled = 0;

    add(piece: Buffer): void {
        for (let used = 0; used < piece.length;) {
            const taken = piece.copy(this.#leaf, this.#filled, used);
            used += taken;
            this.#filled += taken;
            if (this.#filled < LEAF_BYTES) continue;
            this.#digests.push(leafDigest(this.#leaf));
            this.#filled = 0;
        }
    }

    end(): Buffer {
        if (this.#filled > 0) this.#digests.push(leafDigest(this.#leaf.subarray(0, this.#filled)));
        return Buffer.concat(this.#digests);
    }
}

async function writeAll(handle: FileHandle, bytes: Buffer, offset: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await handle.write(
            bytes,
            done,
            bytes.length - done,
            offset + done,
        );
        done += bytesWritten;
    }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';
const isDiskError = (error: unknown): boolean =>
    ['ENOSPC', 'EDQUOT', 'EIO', 'EFBIG'].includes(codeOf(error));

/** A full disk of this machine may have room another time, or another machine has. */
function fullDiskError(cause: unknown): EncodeError | undefined {
    if (!['ENOSPC', 'EDQUOT'].includes(codeOf(cause))) return undefined;
    const message = 'no space is left for the source on the disk of the worker';
    return new EncodeError('DISK_FULL', message, { cause });
}
