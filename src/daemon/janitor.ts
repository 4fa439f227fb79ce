/**
 * What happens by the clock: uploads, results, sources, events and accounts that have had their
 * time go.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from './context.js';
import { dropResult } from './results/drop-result.js';
import { abandonUpload } from './uploads/complete.js';

const INTERVAL_MS = 60_000;
/** An account that opened itself and holds nothing is forgotten when it was not used for so long. */
const UNUSED_ACCOUNT_MS = 24 * 60 * 60_000;
/** Events of each user that are kept for clients that were away; a job has about six. */
const KEPT_EVENTS = 10_000;
const GRACE_MS = 60 * 60_000;
/** What one round does at most: each step holds up everything else. */
const MAX_PER_ROUND = 1_000;

/** Gives up uploads that went silent; their space is given back. */
export async function expireUploads(context: Context, now: number): Promise<void> {
    const { store, settings, log } = context;
    for (const upload of store.uploads.silentSince(now - settings.uploadExpiry * 1000)) {
        log.info({ upload: upload.id, user: upload.userId }, 'upload expired');
        await abandonUpload(context, upload, 'expired', {
            code: 'UPLOAD_EXPIRED',
            message: 'nothing was heard of the upload for too long',
        });
    }
}

/** Removes results that nobody has used for long enough; their requests are new again. */
export async function expireResults(context: Context, now: number): Promise<void> {
    const { store, settings, log } = context;
    if (settings.resultExpiry === 0) return;
    const before = now - settings.resultExpiry * 1000;
    for (const id of store.results.unusedSince(before, MAX_PER_ROUND)) {
        log.info({ result: id }, 'result expired');
        await dropResult(context, id, {
            code: 'RESULT_EXPIRED',
            message: 'the result was kept for its time; encode the file again',
        });
    }
}

/** Removes sources that no job has needed for long enough; they are sent again if need be. */
export async function expireSources(context: Context, now: number): Promise<void> {
    const { store, settings, folders, log } = context;
    if (settings.sourceExpiry === 0) return;
    const before = now - settings.sourceExpiry * 1000;
    const dropped = store.transaction(() =>
        store.files
            .unusedSince(before, MAX_PER_ROUND)
            .map(({ userId, fileId }) => store.files.expire(userId, fileId)),
    );
    for (const file of dropped) {
        // Somebody else may possess it.
        if (!file) continue;
        log.info({ file: file.id }, 'source expired');
        await rm(join(folders.sources, file.storage), { force: true });
    }
}

/**
 * Looks after things every minute. Uploads are looked at later the first time: clients of a daemon
 * that was away for longer than uploads may be silent get a chance to go on.
 * @returns a function that ends it
 */
export function startJanitor(context: Context): () => void {
    const { settings, store, log } = context;
    const begin = Date.now() + Math.min(GRACE_MS, settings.uploadExpiry * 1000);
    let isBusy = false;
    const tend = async (): Promise<void> => {
        const now = Date.now();
        if (now >= begin) await expireUploads(context, now);
        await expireResults(context, now);
        await expireSources(context, now);
        store.events.prune(KEPT_EVENTS);
        store.tokens.forgetUnused(now - UNUSED_ACCOUNT_MS);
    };
    const timer = setInterval(() => {
        if (isBusy) return;
        isBusy = true;
        tend()
            .catch((error: unknown) => log.error({ err: error }, 'the janitor failed'))
            .finally(() => (isBusy = false));
    }, INTERVAL_MS);
    return () => clearInterval(timer);
}
