/**
 * Whether what is on the disk and what the rows say is the same. A daemon looks when it starts, and
 * repairs; `kvz-cloud doctor` only looks.
 */
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from './context.js';
import { dropResult } from './drop-result.js';
import { databaseFile, foldersOf, type Folders } from './folders.js';
import { removeResultFiles } from './result-files.js';
import { Store } from './store/index.js';

export type Finding =
    /** A file that no row tells of: what a crash left behind. */
    | { kind: 'stray'; path: string }
    /** A source whose file is gone. */
    | { kind: 'source-lost'; id: string }
    /** An open upload of which something had arrived, and whose file is gone. */
    | { kind: 'upload-lost'; id: string }
    /** A result whose file is gone. */
    | { kind: 'result-lost'; id: string }
    /** A result that no job refers to. */
    | { kind: 'result-unused'; id: string }
    /** A job that is ready, and has no result. */
    | { kind: 'job-without-result'; id: string }
    /** SQLite finds its own file damaged. */
    | { kind: 'database'; problem: string };

type Kept = Pick<Folders, 'root' | 'sources' | 'results' | 'frames' | 'jobLogs' | 'work'>;

async function namesIn(folder: string): Promise<Set<string>> {
    return new Set(existsSync(folder) ? await readdir(folder) : []);
}

/**
 * Compares rows and files.
 * @param isRunning jobs are being worked on: their work folders are none of its business
 * @param readsAll let SQLite look through the whole database, too, which takes its time
 */
export async function inspect(
    store: Store,
    folders: Kept,
    { isRunning, readsAll }: { isRunning: boolean; readsAll: boolean },
): Promise<Finding[]> {
    const findings: Finding[] = [];
    const problem = readsAll ? store.problem() : undefined;
    if (problem !== undefined) return [{ kind: 'database', problem }];

    const strays = (
        folder: string,
        names: Set<string>,
        isKnown: (name: string) => boolean,
    ): void => {
        for (const name of names) {
            if (!isKnown(name)) findings.push({ kind: 'stray', path: join(folder, name) });
        }
    };
    // Files come before their rows: listed first, they cannot look like strays for being new.
    const sources = await namesIn(folders.sources);
    const results = await namesIn(folders.results);
    const frames = await namesIn(folders.frames);
    const logs = await namesIn(folders.jobLogs);
    const work = isRunning ? new Set<string>() : await namesIn(folders.work);

    const storage = store.files.storageNames();
    const resultIds = store.results.ids();
    const jobIds = store.jobs.ids();
    strays(folders.sources, sources, (name) => storage.has(name));
    strays(folders.results, results, (name) => resultIds.has(name));
    strays(folders.frames, frames, (name) => resultIds.has(name));
    strays(folders.jobLogs, logs, (name) => jobIds.has(name.replace(/\.log$/, '')));
    strays(folders.work, work, () => false);

    for (const file of store.files.all()) {
        if (!sources.has(file.storage)) findings.push({ kind: 'source-lost', id: file.id });
    }
    for (const { id, leaves } of store.uploads.allOpen()) {
        if (leaves > 0 && !sources.has(id)) findings.push({ kind: 'upload-lost', id });
    }
    for (const id of resultIds) {
        if (!results.has(id)) findings.push({ kind: 'result-lost', id });
    }
    for (const id of store.results.unused()) {
        if (results.has(id)) findings.push({ kind: 'result-unused', id });
    }
    for (const id of store.jobs.readyWithoutResult()) {
        findings.push({ kind: 'job-without-result', id });
    }
    return findings;
}

/** @throws Error when it is the database that is damaged: no start can mend that */
export async function repair(context: Context, findings: readonly Finding[]): Promise<void> {
    for (const finding of findings) {
        if (finding.kind !== 'stray') context.log.error({ finding }, 'rows and files disagree');
        await repairOne(context, finding);
    }
    const strays = findings.filter(({ kind }) => kind === 'stray').length;
    if (strays > 0) context.log.info({ strays }, 'files that belonged to nothing are removed');
}

async function repairOne(context: Context, finding: Finding): Promise<void> {
    const { store, folders } = context;
    switch (finding.kind) {
        case 'stray':
            await rm(finding.path, { recursive: true, force: true });
            break;
        case 'source-lost':
            store.files.remove(finding.id);
            break;
        case 'upload-lost': {
            const leaves = store.uploads.leavesOf(finding.id).map(({ index }) => index);
            store.uploads.settleSuspect(finding.id, leaves);
            break;
        }
        case 'result-lost':
            await dropResult(context, finding.id, {
                code: 'RESULT_LOST',
                message: 'the result has vanished from the disk of the daemon; encode it again',
            });
            break;
        case 'result-unused':
            store.results.dropUnused(finding.id);
            await removeResultFiles(folders, finding.id);
            break;
        case 'job-without-result':
            store.jobs.transition(finding.id, 'expired', Date.now(), {}, ['ready']);
            break;
        case 'database':
            throw new Error(
                `the database ${folders.database} is damaged (${finding.problem}); ` +
                    'put a backup in its place',
            );
    }
}

/** Long enough for what was between a file and its row to be over. */
const SECOND_LOOK_MS = 500;

/**
 * Looks at a data folder without changing anything, whether or not a daemon uses it.
 * @returns undefined when there is no database yet
 * @throws Error when the database cannot be read
 */
export async function inspectDataFolder(
    root: string,
    isRunning: boolean,
): Promise<Finding[] | undefined> {
    const path = databaseFile(root);
    if (!existsSync(path)) return undefined;
    const store = new Store(path, { readonly: true });
    try {
        const look = { isRunning, readsAll: true };
        const findings = await inspect(store, foldersOf(root), look);
        if (!isRunning || findings.length === 0) return findings;
        await delay(SECOND_LOOK_MS);
        const still = await inspect(store, foldersOf(root), look);
        const lasting = new Set(still.map((finding) => JSON.stringify(finding)));
        return findings.filter((finding) => lasting.has(JSON.stringify(finding)));
    } finally {
        store.close();
    }
}
