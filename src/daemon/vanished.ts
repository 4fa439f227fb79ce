/**
 * Files that somebody has removed from under the daemon. They are forgotten when they are asked
 * for, so that a request is new again and the file is sent again.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from './context.js';
import type { SourceFile } from './store/index.js';
import { dropResult } from './results/drop-result.js';
import { videoFile } from './results/result-files.js';

async function isMissing(path: string): Promise<boolean> {
    try {
        await stat(path);
        return false;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ENOENT';
    }
}

/** A source that can be read; undefined where there is none, or no longer. */
export async function presentSource(
    { store, folders, log }: Context,
    fileId: string,
): Promise<SourceFile | undefined> {
    const file = store.files.get(fileId);
    if (!file || !(await isMissing(join(folders.sources, file.storage)))) return file;
    log.error({ file: file.id }, 'a source has vanished');
    store.files.remove(file.id);
    return undefined;
}

/** Makes sure that the source and the result that a request may be answered with are there. */
export async function forgetVanished(
    context: Context,
    fileId: string,
    requestKey: string,
): Promise<void> {
    const { store, folders, log } = context;
    await presentSource(context, fileId);
    const result = store.results.byRequest(requestKey);
    if (result && (await isMissing(videoFile(folders, result.id)))) {
        log.error({ result: result.id }, 'a result has vanished');
        await dropResult(context, result.id, {
            code: 'RESULT_LOST',
            message: 'the result has vanished from the disk of the daemon; encode the file again',
        });
    }
}
