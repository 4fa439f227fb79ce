/** The layout of the daemon's data folder. Names in it are made by the daemon, never by a client. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Folders {
    root: string;
    database: string;
    /** Uploads, open and complete, by storage name. */
    sources: string;
    results: string;
    /** One folder for each running job; emptied at start. */
    work: string;
    /** What each job's programs said. */
    jobLogs: string;
}

export function openFolders(root: string): Folders {
    const folders: Folders = {
        root,
        database: join(root, 'kvz-cloud.db'),
        sources: join(root, 'sources'),
        results: join(root, 'results'),
        work: join(root, 'work'),
        jobLogs: join(root, 'job-logs'),
    };
    mkdirSync(root, { recursive: true, mode: 0o700 });
    for (const path of [folders.sources, folders.results, folders.work, folders.jobLogs]) {
        mkdirSync(path, { recursive: true, mode: 0o700 });
    }
    return folders;
}
