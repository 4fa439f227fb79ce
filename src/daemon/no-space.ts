/** What a full disk looks like, and how to outlast it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from './context.js';

const CODES: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);
/** How often a write that must not be lost is tried again. */
const AGAIN_MS = 1_000;

export function isNoSpace(error: unknown): boolean {
    return error instanceof Error && 'code' in error && CODES.has(error.code);
}

/**
 * Does `write` until there is space for it: what has happened to a job must not be forgotten.
 * Meanwhile the queue is paused.
 * @throws whatever else `write` throws
 */
export async function untilWritten<T>({ pause, log }: Context, write: () => T): Promise<T> {
    for (;;) {
        try {
            return write();
        } catch (error) {
            if (!isNoSpace(error)) throw error;
            log.error({ err: error }, 'the database cannot grow');
            pause.setLowDisk('the disk of the daemon is full');
            await delay(AGAIN_MS);
        }
    }
}
