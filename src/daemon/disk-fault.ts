/** What a disk looks like that is full or cannot be written, and how to outlast it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from './context.js';

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);
/**
 * SQLite tells a write that failed for want of space as SQLITE_FULL; where the system says so only
 * in other calls (fsync, ftruncate, opening the log) it is one of these, as for a broken disk.
 */
const BROKEN = /^(EIO|SQLITE_IOERR(_\w+)?|SQLITE_CANTOPEN(_\w+)?)$/;
/** How often a write that must not be lost is tried again. */
const AGAIN_MS = 1_000;

/** @returns what is wrong with the disk, for users; undefined when the error is another */
export function diskFault(error: unknown): string | undefined {
    if (!(error instanceof Error && 'code' in error)) return undefined;
    const code = String(error.code);
    if (FULL.has(code)) return 'the disk of the daemon is full';
    return BROKEN.test(code) ? `the disk of the daemon fails (${code})` : undefined;
}

/**
 * Does `write` until the disk takes it: what has happened to a job must not be forgotten. Meanwhile
 * the queue is paused.
 * @throws whatever else `write` throws
 */
export async function untilWritten<T>({ pause, log }: Context, write: () => T): Promise<T> {
    for (;;) {
        try {
            return write();
        } catch (error) {
            const fault = diskFault(error);
            if (fault === undefined) throw error;
            log.error({ err: error }, 'the database cannot be written');
            pause.setLowDisk(fault);
            await delay(AGAIN_MS);
        }
    }
}
