/** Gives a finished file its name: never over another one unless that is wanted. */
import { constants } from 'node:fs';
import { copyFile, link, lstat, open, rename, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { partialPath } from './output-path.js';

export function isErrno(error: unknown, ...codes: string[]): boolean {
    return codes.includes((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}

/**
 * Renames a file to a name that nothing has, within one file system.
 * @throws the system's error, EEXIST when the name is taken
 */
export async function renameToFree(from: string, to: string): Promise<void> {
    try {
        await link(from, to);
    } catch (error) {
        if (isErrno(error, 'EEXIST', 'EXDEV', 'ENOENT')) throw error;
        // Some file systems have no hard links: take the name first, then replace it.
        const placeholder = await open(to, 'wx');
        await placeholder.close();
        await rename(from, to);
        return;
    }
    await unlink(from);
}

/** Makes names in a folder last through a power cut, where the file system can. */
export async function syncFolder(folder: string): Promise<void> {
    const handle = await open(folder, constants.O_RDONLY).catch(() => undefined);
    await handle?.sync().catch(() => undefined);
    await handle?.close();
}

/** Copies to another file system; the copy is whole and on the disk before it has the name. */
async function copyToFree(from: string, to: string): Promise<void> {
    const partial = partialPath(to);
    try {
        await copyFile(from, partial, constants.COPYFILE_EXCL);
        const handle = await open(partial, 'r+');
        try {
            await handle.sync();
        } finally {
            await handle.close();
        }
        await renameToFree(partial, to);
        await syncFolder(dirname(to));
    } finally {
        await rm(partial, { force: true });
    }
    await unlink(from);
}

/**
 * Moves a file, also to another file system, to the first name that is free.
 * @param nameOf the n-th name to try, n from 1
 * @returns the name that it has now
 * @throws the system's error
 */
export async function moveToFree(from: string, nameOf: (n: number) => string): Promise<string> {
    for (let n = 1; ; n++) {
        const to = nameOf(n);
        // A copy for nothing is spared.
        if (await lstat(to).catch(() => undefined)) continue;
        try {
            await renameToFree(from, to).catch((error: unknown) => {
                if (!isErrno(error, 'EXDEV')) throw error;
                return copyToFree(from, to);
            });
            return to;
        } catch (error) {
            if (!isErrno(error, 'EEXIST')) throw error;
        }
    }
}
