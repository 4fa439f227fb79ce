/**
 * A lock that one process at a time can have. It is an SQLite file held in an exclusive
 * transaction: the operating system gives it back however the process ends, so it can't become
 * stale.
 */
import Database from 'better-sqlite3';

/** @returns a function that gives the lock back; undefined when another process has it */
export function lockExclusively(path: string): (() => void) | undefined {
    const db = new Database(path, { timeout: 0 });
    try {
        db.pragma('locking_mode = EXCLUSIVE');
        db.exec('BEGIN EXCLUSIVE');
    } catch (error) {
        db.close();
        if ((error as { code?: string }).code?.startsWith('SQLITE_BUSY')) return undefined;
        throw error;
    }
    return () => db.close();
}
