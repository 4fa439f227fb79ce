/**
 * One daemon for each data folder. The lock is an SQLite file held in an exclusive transaction:
 * the operating system gives it back however the process ends, so it can't become stale.
 */
import Database from 'better-sqlite3';
import { join } from 'node:path';

export class DataFolderBusyError extends Error {
    override readonly name = 'DataFolderBusyError';
}

/** @returns a function that gives the lock back. @throws DataFolderBusyError */
export function lockDataFolder(root: string): () => void {
    const db = new Database(join(root, 'daemon.lock'), { timeout: 0 });
    try {
        db.pragma('locking_mode = EXCLUSIVE');
        db.exec('BEGIN EXCLUSIVE');
    } catch (error) {
        db.close();
        if ((error as { code?: string }).code?.startsWith('SQLITE_BUSY')) {
            throw new DataFolderBusyError(`another daemon uses the data folder ${root}`);
        }
        throw error;
    }
    return () => db.close();
}
