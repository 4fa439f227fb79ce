/** Waits until files have rested: nothing about them has changed for a while. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { FileVersion } from '../../client/input-file.js';
import { sameVersion } from '../../client/input-file.js';
import { isUnfinishedName } from '../../client/video-files.js';
import { filesOpenForWriting } from './open-files.js';

export interface RestOptions {
    /** How long a file must not have changed. */
    settleMs: number;
    /** A file has rested. */
    onRested: (path: string, version: FileVersion) => void;
    /** A file that was looked at is still being written, or is empty. False: wait no longer. */
    onUnrest: (path: string, reason: Unrest) => boolean;
    /** A file that was waited for is gone. */
    onGone: (path: string) => void;
}

export type Unrest = 'changing' | 'open' | 'empty';

interface Waiting {
    version: FileVersion | undefined;
    timer: NodeJS.Timeout;
}

/** The version of a file by its path; undefined when it is gone or no regular file. */
export async function versionOf(path: string): Promise<FileVersion | undefined> {
    const found = await stat(path, { bigint: true }).catch(() => undefined);
    if (!found?.isFile()) return undefined;
    return {
        sizeBytes: Number(found.size),
        mtimeNs: found.mtimeNs,
        ctimeNs: found.ctimeNs,
        inode: found.ino,
        device: found.dev,
    };
}

export class RestingPlace {
    readonly #options: RestOptions;
    readonly #waiting = new Map<string, Waiting>();
    /** Files that have rested by their times and are still to be checked for writers. */
    readonly #quiet = new Map<string, FileVersion>();
    #isChecking = false;

    constructor(options: RestOptions) {
        this.#options = options;
    }

    /** How many files are waited for. */
    get size(): number {
        return this.#waiting.size + this.#quiet.size;
    }

    has(path: string): boolean {
        return this.#waiting.has(path) || this.#quiet.has(path);
    }

    /** There is a file, or it has changed: it must rest from now on. */
    changed(path: string): void {
        this.#quiet.delete(path);
        this.#wait(path, this.#waiting.get(path)?.version);
    }

    close(): void {
        for (const { timer } of this.#waiting.values()) clearTimeout(timer);
        this.#waiting.clear();
        this.#quiet.clear();
    }

    #wait(path: string, version: FileVersion | undefined): void {
        clearTimeout(this.#waiting.get(path)?.timer);
        const timer = setTimeout(() => void this.#look(path), this.#options.settleMs);
        this.#waiting.set(path, { version, timer });
        // What is seen now is compared with what is there when the time is over.
        if (!version) void this.#note(path);
    }

    async #note(path: string): Promise<void> {
        const version = await versionOf(path);
        const waiting = this.#waiting.get(path);
        if (waiting && !waiting.version) waiting.version = version;
    }

    async #look(path: string): Promise<void> {
        const before = this.#waiting.get(path);
        if (!before) return;
        const version = await versionOf(path);
        // Changed again while this looked.
        if (this.#waiting.get(path) !== before) return;
        if (!version) {
            this.#waiting.delete(path);
            this.#options.onGone(path);
        } else if (!before.version || !sameVersion(before.version, version)) {
            this.#waiting.delete(path);
            if (this.#options.onUnrest(path, 'changing')) this.#wait(path, version);
        } else if (version.sizeBytes === 0) {
            // Whoever made it will write to it, which is told again.
            this.#waiting.delete(path);
            this.#options.onUnrest(path, 'empty');
        } else {
            this.#waiting.delete(path);
            this.#quiet.set(path, version);
            if (!this.#isChecking) void this.#checkWriters();
        }
    }

    /** Looks once for all files that have come to rest meanwhile. */
    async #checkWriters(): Promise<void> {
        this.#isChecking = true;
        while (this.#quiet.size > 0) {
            const batch = new Map(this.#quiet);
            const idOf = ({ device, inode }: FileVersion): string => `${device}:${inode}`;
            const open = await filesOpenForWriting(new Set([...batch.values()].map(idOf)));
            const names = new Map<string, Set<string>>();
            for (const path of batch.keys()) {
                const folder = dirname(path);
                if (names.has(folder)) continue;
                names.set(folder, new Set(await readdir(folder).catch(() => [])));
            }
            for (const [path, version] of batch) {
                if (this.#quiet.get(path) !== version) continue;
                this.#quiet.delete(path);
                const siblings = names.get(dirname(path)) ?? new Set<string>();
                if (open.has(idOf(version)) || isUnfinishedName(basename(path), siblings)) {
                    if (this.#options.onUnrest(path, 'open')) this.#wait(path, version);
                } else {
                    this.#options.onRested(path, version);
                }
            }
        }
        this.#isChecking = false;
    }
}
