/** An input as it is opened: which file it is, how long, and what may be wrong with it. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fileProblem } from '../config/file-problem.js';
import { KvzError } from '../protocol/errors.js';

/** What tells that a file is still the one that was looked at. */
export interface FileVersion {
    sizeBytes: number;
    mtimeNs: bigint;
    /** Unlike the time of writing it cannot be set back. */
    ctimeNs: bigint;
    inode: bigint;
    device: bigint;
}

/** An input that is open for reading; whoever opened it closes it. */
export interface InputFile {
    /** As the user gave it. */
    path: string;
    absolutePath: string;
    name: string;
    handle: FileHandle;
    /** As it was when it was opened. */
    version: FileVersion;
}

export async function fileVersion(handle: FileHandle): Promise<FileVersion> {
    const stat = await handle.stat({ bigint: true });
    return {
        sizeBytes: Number(stat.size),
        mtimeNs: stat.mtimeNs,
        ctimeNs: stat.ctimeNs,
        inode: stat.ino,
        device: stat.dev,
    };
}

export function sameVersion(a: FileVersion, b: FileVersion): boolean {
    return (
        a.sizeBytes === b.sizeBytes &&
        a.mtimeNs === b.mtimeNs &&
        a.ctimeNs === b.ctimeNs &&
        a.inode === b.inode &&
        a.device === b.device
    );
}

export function fileChanged(path: string): KvzError {
    return new KvzError('FILE_CHANGED', `${path}: the file changed while it was being read`);
}

/**
 * Opens a regular file that is not empty.
 * @param path as the user gave it
 * @param actual where its bytes are and what it is called, when the path does not say
 * @throws KvzError INPUT_UNREADABLE or FILE_EMPTY
 */
export async function openInput(
    path: string,
    actual: { path?: string | undefined; name?: string | undefined } = {},
): Promise<InputFile> {
    const source = actual.path ?? path;
    let handle: FileHandle;
    try {
        // A named pipe without a writer would otherwise hold the command for ever.
        handle = await open(source, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
        throw new KvzError('INPUT_UNREADABLE', `${path}: ${fileProblem(error)}`, { cause: error });
    }
    try {
        const stat = await handle.stat();
        if (!stat.isFile()) {
            const what = stat.isDirectory() ? 'is a folder' : 'is not a regular file';
            throw new KvzError('INPUT_UNREADABLE', `${path}: ${what}`);
        }
        if (stat.size === 0) throw new KvzError('FILE_EMPTY', `${path}: the file is empty`);
        const version = await fileVersion(handle);
        const name = actual.name ?? basename(path);
        return { path, absolutePath: resolve(source), name, handle, version };
    } catch (error) {
        await handle.close();
        throw error;
    }
}
