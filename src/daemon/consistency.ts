/**
 * Whether what is on the disk and what the rows say is the same. A daemon looks when it starts, and
 * repairs; `kvz-cloud doctor` only looks.
 */
import { statSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { databaseFile, foldersOf, type Folders } from './folders.js';
import { Store, type NameKind } from './store/index.js';

/** Rows and files that do not agree. */
export type Disagreement =
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
    | { kind: 'job-without-result'; id: string };

export type Finding =
    | Disagreement
    /** SQLite finds its own file damaged. */
    | { kind: 'database'; problem: string };

type Kept = Pick<Folders, 'sources' | 'results' | 'frames' | 'jobLogs' | 'work'>;

/** Names or rows that are looked at between two turns of the event loop. */
const PAGE = 250;
/** Long enough for what was between a file and its row to be over. */
const SECOND_LOOK_MS = 500;

const withoutSuffix = (name: string): string => name.replace(/\.log$/, '');

/** @throws Error when that can't be told: it must not look as if all was lost */
const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

async function* pagesOfNames(folder: string): AsyncGenerator<string[]> {
    if (!isThere(folder)) return;
    let names: string[] = [];
    for await (const { name } of await opendir(folder, { bufferSize: PAGE })) {
        if (names.push(name) < PAGE) continue;
        yield names;
        names = [];
    }
    yield names;
}

async function* pagesOfRows<T extends { id: string }>(
    page: (after: string, limit: number) => T[],
): AsyncGenerator<T[]> {
    let after = '';
    for (;;) {
        const rows = page(after, PAGE);
        yield rows;
        const last = rows.at(-1);
        if (!last || rows.length < PAGE) return;
        after = last.id;
        await nextTurn();
    }
}

/** Open uploads that must be told of before anybody goes on with them. */
export function* lostUploads({ uploads }: Store, folders: Kept): Generator<Disagreement> {
    for (const { id, leaves } of uploads.allOpen()) {
        if (leaves > 0 && !isThere(join(folders.sources, id))) yield { kind: 'upload-lost', id };
    }
}

/**
 * Compares rows and files, a page at a time: others get their turn in between, and memory stays
 * small however many there are.
 * @param isRunning jobs are being worked on: their work folders are none of its business
 * @param signal ends the look early
 */
async function* inspect(
    store: Store,
    folders: Kept,
    { isRunning, signal }: { isRunning: boolean; signal?: AbortSignal },
): AsyncGenerator<Disagreement> {
    const named: [folder: string, kind: NameKind][] = [
        [folders.sources, 'source'],
        [folders.results, 'result'],
        [folders.frames, 'result'],
        [folders.jobLogs, 'job'],
    ];
    for (const [folder, kind] of named) {
        for await (const names of pagesOfNames(folder)) {
            if (signal?.aborted) return;
            const unknown = new Set(store.audit.unknown(kind, names.map(withoutSuffix)));
            for (const name of names) {
                if (unknown.has(withoutSuffix(name))) {
                    yield { kind: 'stray', path: join(folder, name) };
                }
            }
        }
    }
    if (!isRunning) {
        for await (const names of pagesOfNames(folders.work)) {
            for (const name of names) yield { kind: 'stray', path: join(folders.work, name) };
        }
    }
    yield* lostUploads(store, folders);
    const { audit } = store;
    for await (const rows of pagesOfRows((after, limit) => audit.sources(after, limit))) {
        if (signal?.aborted) return;
        for (const { id, storage } of rows) {
            if (!isThere(join(folders.sources, storage))) yield { kind: 'source-lost', id };
        }
    }
    for await (const rows of pagesOfRows((after, limit) => audit.results(after, limit))) {
        if (signal?.aborted) return;
        for (const { id, isUsed } of rows) {
            if (!isThere(join(folders.results, id))) yield { kind: 'result-lost', id };
            else if (!isUsed) yield { kind: 'result-unused', id };
        }
    }
    for await (const rows of pagesOfRows((after, limit) => audit.jobs(after, limit))) {
        if (signal?.aborted) return;
        for (const { id, lacksResult } of rows) {
            if (lacksResult) yield { kind: 'job-without-result', id };
        }
    }
}

/** Whether what was found is so, now: something may have been on its way when it was. */
function isStillSo(store: Store, folders: Kept, finding: Disagreement): boolean {
    switch (finding.kind) {
        case 'stray': {
            const { path } = finding;
            const kinds: Record<string, NameKind> = {
                [folders.sources]: 'source',
                [folders.results]: 'result',
                [folders.frames]: 'result',
                [folders.jobLogs]: 'job',
            };
            const kind = kinds[dirname(path)];
            if (!isThere(path)) return false;
            return !kind || store.audit.unknown(kind, [withoutSuffix(basename(path))]).length > 0;
        }
        case 'source-lost': {
            const file = store.files.get(finding.id);
            return file !== undefined && !isThere(join(folders.sources, file.storage));
        }
        case 'upload-lost': {
            const { state, leaves = 0 } = store.uploads.get(finding.id) ?? {};
            return state === 'open' && leaves > 0 && !isThere(join(folders.sources, finding.id));
        }
        case 'result-lost':
            return (
                store.results.get(finding.id) !== undefined &&
                !isThere(join(folders.results, finding.id))
            );
        case 'result-unused':
            return (
                store.results.get(finding.id) !== undefined &&
                store.jobs.withResult(finding.id).length === 0
            );
        case 'job-without-result': {
            const job = store.jobs.get(finding.id);
            return job?.state === 'ready' && job.resultId === undefined;
        }
    }
}

/**
 * What is to be repaired while the daemon is at work: what was so twice. A file that no row tells
 * of counts only where it is older than the daemon: a newer one may be a result that waits for its
 * row, which on a full disk can take any time.
 * @param startedMs when the daemon started, ms since the epoch
 * @param signal ends the look
 */
export async function* inspectWhileRunning(
    store: Store,
    folders: Kept,
    startedMs: number,
    signal: AbortSignal,
): AsyncGenerator<Disagreement> {
    const findings: Disagreement[] = [];
    for await (const finding of inspect(store, folders, { isRunning: true, signal })) {
        findings.push(finding);
    }
    if (findings.length === 0) return;
    await delay(SECOND_LOOK_MS, undefined, { signal }).catch(() => undefined);
    for (const [index, finding] of findings.entries()) {
        if (index % PAGE === PAGE - 1) await nextTurn();
        if (signal.aborted) return;
        if (!isStillSo(store, folders, finding)) continue;
        if (finding.kind === 'stray' && statSync(finding.path).ctimeMs >= startedMs) continue;
        yield finding;
    }
}

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
    if (!isThere(path)) return undefined;
    const store = new Store(path, { readonly: true });
    try {
        const problem = store.problem();
        if (problem !== undefined) return [{ kind: 'database', problem }];
        const folders = foldersOf(root);
        const findings: Disagreement[] = [];
        for await (const finding of inspect(store, folders, { isRunning })) findings.push(finding);
        if (!isRunning || findings.length === 0) return findings;
        await delay(SECOND_LOOK_MS);
        return findings.filter((finding) => isStillSo(store, folders, finding));
    } finally {
        store.close();
    }
}
