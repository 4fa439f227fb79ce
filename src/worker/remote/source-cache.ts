/**
 * Sources that a worker has fetched, by file id, so that a second job of the same file does not
 * fetch it again. Each is checked by its tree hash, which is its name. The folder is bounded: what
 * was used longest ago goes first, and what a job uses stays.
 */
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, utimes, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { backoffMs, sleep } from '../../client/backoff.js';
import { FILE_ID_PATTERN, fileIdFromLeaves, leafDigest } from '../../protocol/file-id.js';
import { LEAF_BYTES } from '../../protocol/limits.js';

/** Opens a source at an offset; see `DaemonLink.source`. */
export type FetchSource = (offset: number, signal: AbortSignal) => Promise<Readable>;

export interface CachedSource {
    path: string;
    /** Lets the cache drop the file again; resolves when it has made room. */
    release: () => Promise<void>;
}

/** The source arrived whole and is not what it should be. */
export class SourceDamagedError extends Error {
    override readonly name = 'SourceDamagedError';
}

const PARTIAL = '.part';
const RETRY = { firstMs: 250, maxMs: 10_000 };

export class SourceCache {
    readonly #folder: string;
    readonly #maxBytes: number;
    readonly #users = new Map<string, number>();
    readonly #fetching = new Map<string, Promise<void>>();
    #trimming = Promise.resolve();

    /** @param maxBytes of files that no job uses */
    constructor(folder: string, maxBytes: number) {
        this.#folder = folder;
        this.#maxBytes = maxBytes;
    }

    /** Makes the folder and removes what an earlier process left unfinished. */
    async open(): Promise<void> {
        await mkdir(this.#folder, { recursive: true, mode: 0o700 });
        for (const name of await readdir(this.#folder)) {
            if (name.endsWith(PARTIAL)) await rm(join(this.#folder, name), { force: true });
        }
        await this.#trim();
    }

    /**
     * The file with this id, fetched if it is not here. Two jobs that want it at the same time
     * fetch it once.
     * @param fetch called again after a connection broke, with the offset to go on from
     * @throws SourceDamagedError; what `fetch` throws
     */
    async get(
        fileId: string,
        sizeBytes: number,
        fetch: FetchSource,
        signal: AbortSignal,
    ): Promise<CachedSource> {
        const path = join(this.#folder, fileId);
        this.#users.set(fileId, (this.#users.get(fileId) ?? 0) + 1);
        let isHeld = true;
        const release = async (): Promise<void> => {
            if (!isHeld) return;
            isHeld = false;
            const left = (this.#users.get(fileId) ?? 1) - 1;
            if (left > 0) this.#users.set(fileId, left);
            else this.#users.delete(fileId);
            // One after the other, as each counts what is there. A folder that cannot be read fails
            // the next job that needs it, with a reason; there is nobody here to tell.
            this.#trimming = this.#trimming.then(async () => this.#trim()).catch(() => undefined);
            await this.#trimming;
        };
        try {
            for (;;) {
                if (await isFileOf(path, sizeBytes)) break;
                const other = this.#fetching.get(fileId);
                if (other) {
                    // It may fail for its own reasons, such as a cancelled job; then it is our turn.
                    await Promise.race([other.catch(() => undefined), aborted(signal)]);
                    signal.throwIfAborted();
                    continue;
                }
                const work = this.#fetch(fileId, sizeBytes, fetch, signal);
                this.#fetching.set(fileId, work);
                try {
                    await work;
                } finally {
                    this.#fetching.delete(fileId);
                }
            }
            const now = new Date();
            await utimes(path, now, now);
            return { path, release };
        } catch (error) {
            await release();
            throw error;
        }
    }

    async #fetch(
        fileId: string,
        sizeBytes: number,
        fetch: FetchSource,
        signal: AbortSignal,
    ): Promise<void> {
        const partial = join(this.#folder, `${fileId}${PARTIAL}`);
        const { O_CREAT, O_RDWR, O_TRUNC, O_NOFOLLOW } = constants;
        const handle = await open(partial, O_CREAT | O_RDWR | O_TRUNC | O_NOFOLLOW, 0o600);
        try {
            const digests = await receive(handle, sizeBytes, fetch, signal);
            if (fileIdFromLeaves(sizeBytes, digests) !== fileId) {
                throw new SourceDamagedError('the source did not arrive as it is on the daemon');
            }
            await rename(partial, join(this.#folder, fileId));
        } catch (error) {
            await rm(partial, { force: true });
            throw error;
        } finally {
            await handle.close();
        }
    }

    /** Removes what was used longest ago until the rest fits. */
    async #trim(): Promise<void> {
        const files: { name: string; bytes: number; usedMs: number }[] = [];
        for (const name of await readdir(this.#folder)) {
            if (!FILE_ID_PATTERN.test(name) || this.#users.has(name)) continue;
            const { size, mtimeMs } = await stat(join(this.#folder, name));
            files.push({ name, bytes: size, usedMs: mtimeMs });
        }
        let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
        for (const file of files.sort((a, b) => a.usedMs - b.usedMs)) {
            if (bytes <= this.#maxBytes) return;
            if (this.#users.has(file.name)) continue;
            await rm(join(this.#folder, file.name), { force: true });
            bytes -= file.bytes;
        }
    }
}

async function isFileOf(path: string, sizeBytes: number): Promise<boolean> {
    try {
        return (await stat(path)).size === sizeBytes;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw error;
    }
}

async function aborted(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
    });
}

/** Writes a source to a file, over as many connections as it takes. @returns all leaf digests */
async function receive(
    handle: FileHandle,
    sizeBytes: number,
    fetch: FetchSource,
    signal: AbortSignal,
): Promise<Buffer> {
    const digests: Buffer[] = [];
    const leaf = Buffer.allocUnsafeSlow(LEAF_BYTES);
    let filled = 0;
    let offset = 0;
    for (let vain = 0; offset < sizeBytes; vain += 1) {
        // A connection that brings nothing is not asked for at once again.
        if (vain > 0) await sleep(backoffMs(vain - 1, RETRY), signal);
        const body = await fetch(offset, signal);
        try {
            for await (const piece of body as AsyncIterable<Buffer>) {
                if (offset + piece.length > sizeBytes) {
                    throw new SourceDamagedError('the source is too long');
                }
                await writeAll(handle, piece, offset);
                offset += piece.length;
                vain = -1;
                for (let used = 0; used < piece.length;) {
                    const taken = piece.copy(leaf, filled, used);
                    used += taken;
                    filled += taken;
                    if (filled < LEAF_BYTES) continue;
                    digests.push(leafDigest(leaf));
                    filled = 0;
                }
            }
        } catch (error) {
            signal.throwIfAborted();
            if (error instanceof SourceDamagedError || isDiskError(error)) throw error;
            // The connection broke: the next one goes on from here.
        }
    }
    if (filled > 0) digests.push(leafDigest(leaf.subarray(0, filled)));
    return Buffer.concat(digests);
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

const isDiskError = (error: unknown): boolean =>
    ['ENOSPC', 'EDQUOT', 'EIO', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '');
