/** The daemon's data folder, mounted on the worker's machine. */
import { constants } from 'node:fs';
import { copyFile, link, open, rm, stat } from 'node:fs/promises';

/** Whether a file of this size is there. */
export async function isFileOf(path: string, sizeBytes: number): Promise<boolean> {
    try {
        return (await stat(path)).size === sizeBytes;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw error;
    }
}

/**
 * Puts a file into the folder: by a second name where both are on one file system, else as a copy
 * that is on the disk when this resolves. The file stays where it was.
 * @throws the error of the file system, with its `code`
 */
export async function putInto(path: string, target: string): Promise<void> {
    await rm(target, { force: true });
    try {
        await link(path, target);
        return;
    } catch (error) {
        const { code = '' } = error as NodeJS.ErrnoException;
        if (!['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK'].includes(code)) throw error;
    }
    await copyFile(path, target, constants.COPYFILE_FICLONE);
    const handle = await open(target, 'r+');
    try {
        await handle.datasync();
    } finally {
        await handle.close();
    }
}
