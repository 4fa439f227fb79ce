/**
 * Remembers the hashes of files that have not changed, so that the second `encode` of a large
 * file does not read it again. One file per entry, written under another name and renamed: any
 * number of processes may use the cache at once, and whatever is wrong with it only costs time.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileIdFromLeaves } from '../protocol/file-id.js';
import type { FileHash } from './hash.js';
import type { InputFile } from './input-file.js';

const FORMAT = 2;
/** Entries kept; a file of 50 GB takes 1.6 MB. */
const MAX_ENTRIES = 200;
/**
 * A file written this shortly before it was hashed could be written again without its time
 * changing, as some file systems count in steps of two seconds. It is not remembered.
 */
const RESTED_NS = 2_000_000_000n;

export class HashCache {
    readonly #folder: string;
    readonly #maxEntries: number;

    constructor(cacheDir: string, maxEntries = MAX_ENTRIES) {
        this.#folder = join(cacheDir, 'file-ids');
        this.#maxEntries = maxEntries;
    }

    /** The hash of this file when it was remembered as it is now. */
    async get(file: InputFile): Promise<FileHash | undefined> {
        try {
            const path = this.#entry(file);
            const content = await readFile(path);
            const lineEnd = content.indexOf('\n');
            if (content.subarray(0, lineEnd).toString('utf8') !== header(file)) return undefined;
            const digests = new Uint8Array(content.subarray(lineEnd + 65));
            const id = content.subarray(lineEnd + 1, lineEnd + 65).toString('latin1');
            if (fileIdFromLeaves(file.version.sizeBytes, digests) !== id) return undefined;
            // What is used stays.
            const now = new Date();
            await utimes(path, now, now).catch(() => undefined);
            return { id, digests };
        } catch {
            return undefined;
        }
    }

    /** @param hashedAtMs when reading the file began, milliseconds since 1970 */
    async put(file: InputFile, hash: FileHash, hashedAtMs: number): Promise<void> {
        if (BigInt(hashedAtMs) * 1_000_000n - file.version.mtimeNs < RESTED_NS) return;
        try {
            await mkdir(this.#folder, { recursive: true, mode: 0o700 });
            const path = this.#entry(file);
            const temporary = `${path}.${process.pid}`;
            const head = Buffer.from(`${header(file)}\n${hash.id}`);
            await writeFile(temporary, Buffer.concat([head, hash.digests]), { mode: 0o600 });
            await rename(temporary, path);
            await this.#prune();
        } catch {
            // A cache that cannot be written is no reason to stop.
        }
    }

    #entry(file: InputFile): string {
        return join(this.#folder, createHash('sha256').update(file.absolutePath).digest('hex'));
    }

    async #prune(): Promise<void> {
        const names = await readdir(this.#folder);
        if (names.length <= this.#maxEntries) return;
        const entries = await Promise.all(
            names.map(async (name) => {
                const path = join(this.#folder, name);
                return { path, usedMs: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 };
            }),
        );
        entries.sort((a, b) => b.usedMs - a.usedMs);
        for (const { path } of entries.slice(this.#maxEntries)) await rm(path, { force: true });
    }
}

function header(file: InputFile): string {
    const { sizeBytes, mtimeNs, ctimeNs, inode, device } = file.version;
    return JSON.stringify([
        FORMAT,
        file.absolutePath,
        sizeBytes,
        String(mtimeNs),
        String(ctimeNs),
        String(inode),
        String(device),
    ]);
}
