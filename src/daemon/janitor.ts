import type { Context } from './context.js';
import { abandonUpload } from './uploads/complete.js';

const INTERVAL_MS = 60_000;
const GRACE_MS = 60 * 60_000;

/** Gives up uploads that went silent; their space is given back. */
export async function expireUploads(context: Context, now: number): Promise<void> {
    const { store, settings, log } = context;
    for (const upload of store.uploads.silentSince(now - settings.uploadExpiry * 1000)) {
        log.info({ upload: upload.id }, 'upload expired');
        await abandonUpload(context, upload, 'expired', {
            code: 'UPLOAD_EXPIRED',
            message: 'nothing was heard of the upload for too long',
        });
    }
}

/**
 * Looks after things every minute. The first time is later: clients of a daemon that was away for
 * longer than uploads may be silent get a chance to go on. @returns a function that ends it
 */
export function startJanitor(context: Context): () => void {
    const tend = (): void => {
        expireUploads(context, Date.now()).catch((error: unknown) =>
            context.log.error({ err: error }, 'the janitor failed'),
        );
    };
    const graceMs = Math.min(GRACE_MS, context.settings.uploadExpiry * 1000);
    const begin = Date.now() + graceMs;
    const timer = setInterval(() => {
        if (Date.now() >= begin) tend();
    }, INTERVAL_MS);
    return () => clearInterval(timer);
}
