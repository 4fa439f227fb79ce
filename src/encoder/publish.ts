/** The last step: the finished file appears under its name at once and whole, or not at all. */
import { copyFile, open, rename, rm, stat } from 'node:fs/promises';

/**
 * Moves the finished file to its place.
 * @returns its size in bytes
 */
export async function publish(finishedPath: string, outputPath: string): Promise<number> {
    await flush(finishedPath);
    try {
        await rename(finishedPath, outputPath);
    } catch (error) {
        if (!isOtherFileSystem(error)) throw error;
        const partPath = `${outputPath}.part`;
        try {
            await copyFile(finishedPath, partPath);
            await flush(partPath);
            await rename(partPath, outputPath);
        } catch (copyError) {
            await rm(partPath, { force: true });
            throw copyError;
        }
        await rm(finishedPath);
    }
    return (await stat(outputPath)).size;
}

/** A name must not survive a power cut without what it names. */
async function flush(path: string): Promise<void> {
    const file = await open(path, 'r+');
    try {
        await file.sync();
    } finally {
        await file.close();
    }
}

function isOtherFileSystem(error: unknown): boolean {
    return error instanceof Error && 'code' in error && error.code === 'EXDEV';
}
