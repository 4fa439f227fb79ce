/**
 * What an interrupted download leaves for a later one: the bytes so far, next to the output, as
 * NAME.DIGEST-DELIVERY.part. While it is written to, a part has a name that nobody else knows, so
 * two downloads never write into one file: whoever renames it first has it.
 */
import type { Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { partialPath } from './output-path.js';
import { renameToFree } from './place-file.js';

/** Of the result's SHA-256, in hexadecimal digits; the rest is looked at when all is here. */
const DIGEST_DIGITS = 16;
/** What file systems allow for a name, bytes. */
const MAX_NAME = 255;
const PIECE_BYTES = 1024 * 1024;

export interface Part {
    path: string;
    handle: FileHandle;
    /** Names the delivery that it is of, where the daemon counts them; undefined: of a new one. */
    delivery?: string;
}

const prefixOf = (output: string, sha256: string): string =>
    `${basename(output)}.${sha256.slice(0, DIGEST_DIGITS)}-`;

/** Opens a file that nobody else can have laid there, or have in hand by another name. */
async function openOwn(path: string): Promise<FileHandle | undefined> {
    const { O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants;
    const handle = await open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    const found = await handle.stat();
    const isOurs = found.isFile() && found.nlink === 1 && found.uid === process.getuid?.();
    if (isOurs && found.size > 0) return handle;
    await handle.close();
    return undefined;
}

/**
 * Takes what an earlier download of this very result to this output has left.
 * @returns undefined where there is nothing that can be used
 */
export async function takePart(output: string, sha256: string): Promise<Part | undefined> {
    const prefix = prefixOf(output, sha256);
    const names = await readdir(dirname(output)).catch((): string[] => []);
    for (const name of names) {
        if (!name.startsWith(prefix)) continue;
        const [, delivery] = /^([\w-]{8,64})\.part$/.exec(name.slice(prefix.length)) ?? [];
        if (delivery === undefined) continue;
        const path = partialPath(output);
        try {
            await rename(join(dirname(output), name), path);
            const handle = await openOwn(path);
            if (handle) return { path, handle, delivery };
        } catch {
            // Somebody else has it, or it is none of ours.
        }
        await rm(path, { force: true }).catch(() => undefined);
    }
    return undefined;
}

/**
 * Leaves a part for a later download, instead of removing it.
 * @returns its path; undefined where it cannot be left
 */
export async function keepPart(
    path: string,
    output: string,
    { sha256, delivery }: { sha256: string; delivery: string },
): Promise<string | undefined> {
    const name = `${prefixOf(output, sha256)}${delivery}.part`;
    if (Buffer.byteLength(name) > MAX_NAME) return undefined;
    const kept = join(dirname(output), name);
    try {
        await renameToFree(path, kept);
        return kept;
    } catch {
        return undefined;
    }
}

/** Reads a file from its beginning into a hash. @returns its size in bytes */
export async function hashFile(
    handle: FileHandle,
    hash: Hash,
    signal: AbortSignal | undefined,
): Promise<number> {
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let size = 0; ;) {
        signal?.throwIfAborted();
        const { bytesRead } = await handle.read(piece, 0, PIECE_BYTES, size);
        if (bytesRead === 0) return size;
        hash.update(piece.subarray(0, bytesRead));
        size += bytesRead;
    }
}
