/** The tree hash of a file that is here already, taken in the threads that hash leaves. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileIdFromLeaves, leafCount, leafLength } from '../../protocol/file-id.js';
import { LEAF_BYTES } from '../../protocol/limits.js';
import { takeLeafBuffer } from './leaf-buffers.js';
import type { LeafThreads } from './leaf-threads.js';

/**
 * @returns undefined when it is no regular file of this size
 * @throws the signal's reason; the error of opening or reading it, with its `code`; that of the thread
 */
export async function fileIdOfFile(
    path: string,
    sizeBytes: number,
    leafThreads: LeafThreads,
    signal: AbortSignal,
): Promise<string | undefined> {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
        const status = await handle.stat();
        if (!status.isFile() || status.size !== sizeBytes) return undefined;
        const digests: Buffer[] = [];
        for (let index = 0; index < leafCount(sizeBytes); index += 1) {
            signal.throwIfAborted();
            const length = leafLength(sizeBytes, index);
            const buffer = takeLeafBuffer();
            const digest = await leafThreads.store({
                ...{ buffer, length },
                source: { fd: handle.fd, position: index * LEAF_BYTES },
                expected: undefined,
                target: undefined,
            });
            if (!digest) return undefined;
            digests.push(digest);
        }
        return fileIdFromLeaves(sizeBytes, Buffer.concat(digests));
    } finally {
        await handle.close();
    }
}
