/**
 * After an unclean stop the rows of an upload may tell of leaves whose bytes never reached the
 * disk. They are read again when somebody goes on with the upload, so starting stays quick.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { leafDigest, leafLength } from '../../protocol/file-id.js';
import { LEAF_BYTES } from '../../protocol/limits.js';
import type { Context } from '../context.js';
import type { Upload } from '../store/index.js';

const running = new Map<string, Promise<void>>();

async function reread({ store, folders, log }: Context, upload: Upload): Promise<void> {
    const lost: number[] = [];
    const leaves = store.uploads.leavesOf(upload.id);
    const handle = await open(join(folders.sources, upload.id)).catch(
        (error: NodeJS.ErrnoException) => {
            if (error.code === 'ENOENT') return undefined;
            throw error;
        },
    );
    try {
        const buffer = Buffer.alloc(LEAF_BYTES);
        for (const { index, digest } of leaves) {
            const length = leafLength(upload.size, index);
            const read = await handle?.read(buffer, 0, length, index * LEAF_BYTES);
            const intact =
                read?.bytesRead === length && leafDigest(buffer.subarray(0, length)).equals(digest);
            if (!intact) lost.push(index);
        }
    } finally {
        await handle?.close();
    }
    store.uploads.settleSuspect(upload.id, lost);
    if (lost.length > 0) {
        log.warn({ upload: upload.id, lost: lost.length }, 'leaves did not survive the last stop');
    }
}

/** Makes sure that what the store says of an upload is on the disk. @returns the upload as it is */
export async function settleSuspect(context: Context, upload: Upload): Promise<Upload> {
    const { store } = context;
    if (upload.suspect) {
        let work = running.get(upload.id);
        if (!work) {
            work = reread(context, upload).finally(() => running.delete(upload.id));
            running.set(upload.id, work);
        }
        await work;
    }
    return store.uploads.get(upload.id) ?? upload;
}
