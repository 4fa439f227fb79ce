/**
 * Sources that a worker has fetched, by file id, so that a second job of the same file does not
 * fetch it again. Each is checked by its tree hash, which is its name. The folder is bounded: what
 * was used longest ago goes first, and what a job uses stays.
 */
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Arrival } from '../../encoder/index.js';
import { FILE_ID_PATTERN } from '../../protocol/file-id.js';
import { isFileOf } from './shared-folder.js';
import { SourceFetch, type FetchSource } from './source-fetch.js';

export interface CachedSource {
    /** Where it is, or will be. */
    path: string;
    /** How it comes; undefined when it is here. */
    arrival?: Arrival;
    /** Lets the cache drop the file again; resolves when it has made room. */
    release: () => Promise<void>;
}

const PARTIAL = '.part';

export class SourceCache {
    readonly #folder: string;
    readonly #maxBytes: number;
    readonly #users = new Map<string, number>();
    readonly #fetching = new Map<string, SourceFetch>();
    #trimming = Promise.resolve();

    /** @param maxBytes of files that no job uses */
    constructor(folder: string, maxBytes: number) {
        this.#folder = folder;
        this.#maxBytes = maxBytes;
    }

    /** Makes the folder and removes what an earlier process left unfinished. */
    async prepare(): Promise<void> {
        await mkdir(this.#folder, { recursive: true, mode: 0o700 });
        for (const name of await readdir(this.#folder)) {
            if (name.endsWith(PARTIAL)) await rm(join(this.#folder, name), { force: true });
        }
        await this.#trim();
    }

    /**
     * The file with this id, which is fetched if it is not here. Two jobs that want it at the same
     * time fetch it once.
     * @param fetch called again after a connection broke, with the offset to go on from
     */
    async open(fileId: string, sizeBytes: number, fetch: FetchSource): Promise<CachedSource> {
        const path = join(this.#folder, fileId);
        const release = this.#hold(fileId);
        try {
            for (;;) {
                if (await isFileOf(path, sizeBytes)) {
                    const now = new Date();
                    await utimes(path, now, now);
                    return { path, release };
                }
                const other = this.#fetching.get(fileId);
                if (!other || other.isWanted) {
                    const fetching = other ?? this.#begin(fileId, sizeBytes, path);
                    const { arrival, leave } = fetching.join(fetch);
                    const leaveAndRelease = async (): Promise<void> => {
                        await leave();
                        await release();
                    };
                    return { path, arrival, release: leaveAndRelease };
                }
                await other.ended;
            }
        } catch (error) {
            await release();
            throw error;
        }
    }

    /** Keeps the file from being dropped. @returns a function that ends that */
    #hold(fileId: string): () => Promise<void> {
        this.#users.set(fileId, (this.#users.get(fileId) ?? 0) + 1);
        let isHeld = true;
        return async () => {
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
    }

    #begin(id: string, sizeBytes: number, path: string): SourceFetch {
        const partialPath = join(this.#folder, `${id}${PARTIAL}`);
        const fetching = new SourceFetch({ id, sizeBytes, path, partialPath });
        this.#fetching.set(id, fetching);
        void fetching.ended.then(() => this.#fetching.delete(id));
        return fetching;
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
