/** The end of an upload: all leaves are here, or it is given up. */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EncodeErrorCode } from '../../encoder/index.js';
import type { DaemonFailureCode } from '../../protocol/job-failures.js';
import type { JobFailure } from '../../protocol/messages.js';
import type { Context } from '../context.js';
import { answerFromResult } from '../jobs/enqueue.js';
import type { StoredEvent, Upload } from '../store/index.js';

/**
 * Ends an upload whose leaves are all here: the root of the tree hash is compared with the id that
 * was announced, and its jobs join the queue. However often this is called, it happens once.
 */
export async function completeUpload(context: Context, upload: Upload): Promise<void> {
    const { store, bus, queue, folders, log } = context;
    const now = Date.now();
    const path = join(folders.sources, upload.id);
    const actual = store.uploads.computedFileId(upload);
    if (actual !== upload.fileId) {
        log.warn(
            { upload: upload.id, user: upload.userId, announced: upload.fileId, actual },
            'file mismatch',
        );
        await abandonUpload(context, upload, 'failed', {
            code: 'FILE_MISMATCH',
            message:
                'what arrived is not the file that was announced; it may have changed meanwhile',
        });
        return;
    }
    if (upload.result) {
        const isFirst = store.uploads.close(upload.id, 'complete');
        if (isFirst) await context.remote?.results.complete(upload, upload.result);
        return;
    }
    const outcome = store.transaction(() => {
        if (!store.uploads.close(upload.id, 'complete')) return undefined;
        const isNew = store.files.add(
            { id: upload.fileId, size: upload.size, storage: upload.id },
            now,
        );
        store.files.grant(upload.userId, upload.fileId, now);
        const events: (StoredEvent | undefined)[] = [];
        for (const job of store.jobs.ofUpload(upload.id, 'uploading')) {
            events.push(store.jobs.transition(job.id, 'queued', now, {}, ['uploading']));
            events.push(answerFromResult(context, job));
        }
        return { isNew, events };
    });
    if (!outcome) return;
    bus.publish(outcome.events);
    queue.wake();
    if (outcome.isNew) startSync(context, upload);
    else await rm(path, { force: true });
}

const syncing = new Set<Promise<void>>();

/**
 * Makes sure that a source survives a power cut; until then it counts as unsynced, and is read
 * again after one. Nobody waits for it: a disk may take many seconds for what it has in its cache.
 */
function startSync(context: Context, upload: Upload): void {
    const work = syncSource(context, upload).finally(() => syncing.delete(work));
    syncing.add(work);
}

/** Waits until no source is being synced; the store is needed until then. */
export async function syncsEnded(): Promise<void> {
    while (syncing.size > 0) await Promise.all(syncing);
}

async function syncSource({ store, folders, log }: Context, upload: Upload): Promise<void> {
    try {
        const handle = await open(join(folders.sources, upload.id));
        try {
            await handle.datasync();
        } finally {
            await handle.close();
        }
        store.files.markSynced(upload.fileId);
    } catch (error) {
        log.warn({ upload: upload.id, err: error }, 'a source could not be synced');
    }
}

/** Ends an open upload without a file: its jobs end with it and its space is given back. */
export async function abandonUpload(
    { store, bus, folders }: Context,
    upload: Upload,
    state: 'failed' | 'cancelled' | 'expired',
    failure?: JobFailure & { code: EncodeErrorCode | DaemonFailureCode },
): Promise<void> {
    const now = Date.now();
    const events = store.transaction(() => {
        if (!store.uploads.close(upload.id, state)) return [];
        return store.jobs
            .ofUpload(upload.id, 'uploading')
            .map((job) =>
                store.jobs.transition(job.id, state, now, failure ? { failure } : {}, [
                    'uploading',
                ]),
            );
    });
    bus.publish(events);
    await rm(join(folders.sources, upload.id), { force: true });
}
