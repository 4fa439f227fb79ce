import { statfs } from 'node:fs/promises';

/** Bytes that are free for the daemon on the file system of `path`. */
export async function freeBytes(path: string): Promise<number> {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
}
