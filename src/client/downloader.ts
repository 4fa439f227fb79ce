/** Fetches a result to its place: whole or not at all, and never over a file by accident. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { KvzError } from '../protocol/errors.js';
import type { HttpClient } from './http.js';
import { keepPart, takePart } from './kept-part.js';
import type { Part } from './kept-part.js';
import { createPartial, outputExists, outputUnwritable } from './output-path.js';
import { isErrno, renameToFree, syncFolder } from './place-file.js';
import { Transfer } from './transfer.js';
import type { Fetched, TransferOptions } from './transfer.js';

export interface DownloadOptions extends TransferOptions {
    force: boolean;
    /** A partialPath of the output: where it is written until it is whole. */
    partial?: string | undefined;
    /** What is here when it is interrupted is left for a later download, and taken up by that. */
    resumable?: boolean | undefined;
    /** Where the bytes so far have been left. */
    onKept?: (path: string, bytes: number) => void;
}

/**
 * Downloads a result, unless the output is this very result already.
 * @returns whether anything was downloaded
 * @throws KvzError OUTPUT_EXISTS, OUTPUT_UNWRITABLE, RESULT_GONE, DOWNLOAD_LIMIT, UNREACHABLE; the
 *     signal's reason
 */
export async function download(
    client: HttpClient,
    result: Fetched,
    output: string,
    options: DownloadOptions,
): Promise<boolean> {
    const existing = await stat(output).catch(() => undefined);
    if (existing) {
        const same = existing.isFile() && existing.size === result.outputBytes;
        if (same && (await isResult(output, result, options.signal))) return false;
        if (!options.force) throw outputExists(output);
    }
    const { sha256 } = result;
    const isResumable = options.resumable === true && sha256 !== undefined;
    const taken = isResumable ? await takePart(output, sha256) : undefined;
    const part: Part = taken ?? (await createPartial(output, options.partial));
    const { path: partial, handle, delivery = randomUUID() } = part;
    const work = new Transfer({ client, result, handle, output, delivery }, options);
    try {
        try {
            if (taken) await work.takeUp();
            await work.run();
            await flush(handle, output);
        } finally {
            await handle.close();
        }
        await putInPlace(partial, output, options.force);
        return true;
    } catch (error) {
        if (isResumable && work.bytes > 0 && mayGoOn(error, options.signal)) {
            const kept = await keepPart(partial, output, { sha256, delivery });
            if (kept !== undefined) options.onKept?.(kept, work.bytes);
        }
        throw error;
    } finally {
        await rm(partial, { force: true });
    }
}

/** Whether the rest may be had later. */
function mayGoOn(error: unknown, signal: AbortSignal | undefined): boolean {
    return signal?.aborted === true || (error instanceof KvzError && error.code === 'UNREACHABLE');
}

/** Whether a file has the content that the daemon says its result has. */
async function isResult(path: string, { sha256 }: Fetched, signal?: AbortSignal): Promise<boolean> {
    if (sha256 === undefined) return false;
    const hash = createHash('sha256');
    try {
        await pipeline(createReadStream(path), hash, signal ? { signal } : {});
    } catch {
        signal?.throwIfAborted();
        return false;
    }
    return hash.digest('hex') === sha256;
}

/** Some disks tell only now that they are full. @throws KvzError OUTPUT_UNWRITABLE */
async function flush(handle: FileHandle, output: string): Promise<void> {
    try {
        await handle.sync();
    } catch (error) {
        // Some file systems cannot be asked.
        if (!isErrno(error, 'EINVAL', 'ENOTSUP', 'ENOSYS')) throw outputUnwritable(output, error);
    }
}

/** Gives a finished file its name; without `force` only where nothing has it. */
async function putInPlace(partial: string, output: string, force: boolean): Promise<void> {
    try {
        if (force) await rename(partial, output);
        else await renameToFree(partial, output);
        await syncFolder(dirname(output));
    } catch (error) {
        if (isErrno(error, 'EEXIST')) throw outputExists(output);
        throw outputUnwritable(output, error);
    }
}
