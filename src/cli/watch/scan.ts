/** What is in a watched folder now. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../../client/place-file.js';
import type { Candidates } from './candidates.js';

/**
 * The absolute paths of all files that may be inputs, in the order of their names. Links to files
 * are taken, links to folders are not followed. Folders that cannot be read, or go away meanwhile,
 * count as empty.
 * @throws the system's error when the folder itself cannot be read
 */
export async function scanFolder(folder: string, candidates: Candidates): Promise<string[]> {
    const entries = await readdir(folder, { withFileTypes: true });
    const siblings = new Set(entries.map(({ name }) => name));
    const found: string[] = [];
    // Numbers in names count as numbers: take2 comes before take10.
    entries.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
    for (const entry of entries) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) {
            if (candidates.takesFolder(path)) {
                found.push(...(await scanFolder(path, candidates).catch(() => [])));
            }
            continue;
        }
        if (!candidates.takesFile(path, siblings)) continue;
        const target = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
        if (target?.isFile()) found.push(path);
    }
    return found;
}

/** What tells a folder from another one that took its place, as a mount does. */
export async function folderIdentity(folder: string): Promise<string | undefined> {
    try {
        const found = await stat(folder, { bigint: true });
        // A new folder may get the inode of one that was removed.
        const { dev, ino, birthtimeNs } = found;
        return found.isDirectory() ? `${dev}:${ino}:${birthtimeNs}` : undefined;
    } catch (error) {
        if (
            isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ESTALE', 'EIO', 'ENOTCONN', 'EHOSTDOWN')
        ) {
            return undefined;
        }
        throw error;
    }
}
