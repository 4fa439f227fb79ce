/** What an upload left behind, read from the disk and the database and not asked of the daemon. */
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import { frameTimes } from '../../encoder/helpers/measure.js';
import type { Scene } from './scene.js';
import type { Source } from './source.js';

interface JobRow {
    id: string;
    state: string;
    upload_id: string | null;
    crashes: number;
    failure: string | null;
}

export interface Evidence {
    jobs: JobRow[];
    /** With the number of leaves (of 1 MiB, but for the last one of a file) that are here. */
    uploads: { id: string; state: string; leaves: number }[];
    /** Rows of leaves of uploads that are still open. */
    leafRows: number;
    integrity: unknown;
    /** For each job, how often it became queued. */
    timesQueued: Map<string, number>;
    files: Record<'sources' | 'results' | 'work', string[]>;
}

export function evidenceOf({ daemon }: Pick<Scene, 'daemon'>): Evidence {
    const db = new Database(join(daemon.dataDir, 'kvz-cloud.db'), { readonly: true });
    try {
        const queued = db
            .prepare<[], { job_id: string; times: number }>(
                `SELECT job_id, count(*) AS times FROM events
                 WHERE json_extract(body, '$.state') = 'queued' GROUP BY job_id`,
            )
            .all();
        const list = (name: string): string[] => readdirSync(join(daemon.dataDir, name));
        return {
            jobs: db
                .prepare<[], JobRow>('SELECT id, state, upload_id, crashes, failure FROM jobs')
                .all(),
            uploads: db
                .prepare<[], Evidence['uploads'][number]>('SELECT id, state, leaves FROM uploads')
                .all(),
            leafRows: Number(db.prepare('SELECT count(*) FROM upload_leaves').pluck().get()),
            integrity: db.pragma('integrity_check', { simple: true }),
            timesQueued: new Map(queued.map(({ job_id, times }) => [job_id, times])),
            files: { sources: list('sources'), results: list('results'), work: list('work') },
        };
    } finally {
        db.close();
    }
}

/** How many leaves of the one upload are here. */
export const leavesOf = (scene: Pick<Scene, 'daemon'>): number =>
    evidenceOf(scene).uploads[0]?.leaves ?? 0;

/** Files of the commands' side that are neither settings, nor results, nor logs. */
function strayClientFiles({ home }: Scene, inputsAndOutputs: readonly string[]): string[] {
    const known = ['cache', 'config.json', 'data', 'logs', 'token', ...inputsAndOutputs];
    const expected = new Set(known);
    const cached = readdirSync(home.folder).includes('cache')
        ? readdirSync(join(home.folder, 'cache', 'file-ids'))
        : [];
    return [
        ...[...readdirSync(home.folder), ...readdirSync(home.outputs)].filter(
            (name) => !expected.has(name),
        ),
        ...cached.filter((name) => !/^[0-9a-f]{64}$/.test(name)),
    ];
}

/**
 * One source arrived byte for byte, each of its jobs once, and nothing else is left; the daemon is
 * stopped in good order.
 * @param outputs names in the outputs folder, one for each job that was fetched
 */
export async function expectDelivered(
    scene: Scene,
    source: Source,
    { jobs = 1, outputs = [] as readonly string[] } = {},
): Promise<void> {
    await scene.daemon.repaired();
    const evidence = evidenceOf(scene);
    expect(evidence.jobs.map(({ state }) => state)).toEqual(Array(jobs).fill('ready'));
    expect(evidence.uploads.map(({ state }) => state)).toEqual(['complete']);
    expect(evidence.leafRows).toBe(0);
    expect(evidence.integrity).toBe('ok');
    const [stored, ...others] = evidence.files.sources;
    expect(others).toEqual([]);
    expect(stored).toBe(evidence.uploads[0]?.id);
    const arrived = readFileSync(join(scene.daemon.dataDir, 'sources', stored ?? ''));
    // Not toEqual: its account of a difference of many MB takes minutes.
    expect(arrived.equals(readFileSync(source.path))).toBe(true);
    expect(evidence.files.results).toHaveLength(jobs);
    expect(evidence.files.work).toEqual([]);
    for (const name of outputs) {
        expect(await frameTimes({ path: join(scene.home.outputs, name) })).toHaveLength(
            source.frames,
        );
    }
    expect(strayClientFiles(scene, [basename(source.path), ...outputs])).toEqual([]);
    expect(await scene.daemon.stop()).toBe(0);
}

/** The daemon holds no upload, source, result or work. */
export function expectNothingKept(scene: Scene): void {
    const { files, leafRows, integrity, uploads } = evidenceOf(scene);
    expect(files).toEqual({ sources: [], results: [], work: [] });
    expect(uploads.filter(({ state }) => state === 'open')).toEqual([]);
    expect([leafRows, integrity]).toEqual([0, 'ok']);
}

/** Only the source is where the commands ran. */
export function expectNoClientFiles(scene: Scene, source: Source): void {
    expect(strayClientFiles(scene, [basename(source.path)])).toEqual([]);
}
