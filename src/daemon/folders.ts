/** The layout of the daemon's data folder. Names in it are made by the daemon, never by a client. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Folders {
    root: string;
    database: string;
    /** Uploads, open and complete, by storage name. */
    sources: string;
    results: string;
    /** What kvazaar said of each frame of a result, by the result's name. */
    frames: string;
    /** One folder for each running job; emptied at start. */
    work: string;
    /** What each job's programs said. */
    jobLogs: string;
}

export const databaseFile = (root: string): string => join(root, 'kvz-cloud.db');

export function foldersOf(root: string): Folders {
    return {
        root,
        database: databaseFile(root),
        sources: join(root, 'sources'),
        results: join(root, 'results'),
        frames: join(root, 'frames'),
        work: join(root, 'work'),
        jobLogs: join(root, 'job-logs'),
    };
}

export function openFolders(root: string): Folders {
    const folders = foldersOf(root);
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const { sources, results, frames, work, jobLogs } = folders;
    for (const path of [sources, results, frames, work, jobLogs]) {
        mkdirSync(path, { recursive: true, mode: 0o700 });
    }
    return folders;
}
