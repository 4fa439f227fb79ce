/** One daemon for each data folder. */
import { join } from 'node:path';
import { lockExclusively } from '../config/exclusive-lock.js';

export class DataFolderBusyError extends Error {
    override readonly name = 'DataFolderBusyError';
}

/** @returns a function that gives the lock back. @throws DataFolderBusyError */
export function lockDataFolder(root: string): () => void {
    const unlock = lockExclusively(join(root, 'daemon.lock'));
    if (!unlock) throw new DataFolderBusyError(`another daemon uses the data folder ${root}`);
    return unlock;
}
