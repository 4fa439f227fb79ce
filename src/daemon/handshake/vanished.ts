/**
 * Files that somebody has removed from under the daemon. They are forgotten when they are asked
 * for, so that a request is new again and the file is sent again.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../context.js';
import { dropResult } from '../results/drop-result.js';
import { videoFile } from '../results/result-files.js';

async function isMissing(path: string): Promise<boolean> {
    try {
        await stat(path);
        return false;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ENOENT';
    }
}

/** Makes sure that the source and the result that a request may be answered with are there. */
export async function forgetVanished(
    context: Context,
    fileId: string,
    requestKey: string,
): Promise<void> {
    const { store, folders, log } = context;
    const file = store.files.get(fileId);
    if (file && (await isMissing(join(folders.sources, file.storage)))) {
        log.error({ file: file.id }, 'a source has vanished');
        store.files.remove(file.id);
    }
    const result = store.results.byRequest(requestKey);
    if (result && (await isMissing(videoFile(folders, result.id)))) {
        log.error({ result: result.id }, 'a result has vanished');
        await dropResult(context, result.id, {
            code: 'RESULT_LOST',
            message: 'the result has vanished from the disk of the daemon; encode the file again',
        });
    }
}
