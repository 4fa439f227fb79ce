/** The folder that a job works in. */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A number that changes whenever something in the folder is written. */
export async function folderActivity(folder: string): Promise<number> {
    const names = await readdir(folder).catch(() => []);
    const marks = await Promise.all(
        names.map(async (name) => {
            const status = await stat(join(folder, name)).catch(() => undefined);
            return status === undefined ? 0 : status.size + status.mtimeMs;
        }),
    );
    return marks.reduce((sum, mark) => sum + mark, names.length);
}

/** Removes everything in the folder, but not the folder. */
export async function emptyFolder(folder: string): Promise<void> {
    const names = await readdir(folder).catch(() => []);
    await Promise.all(
        names.map((name) => rm(join(folder, name), { recursive: true, force: true })),
    );
}
