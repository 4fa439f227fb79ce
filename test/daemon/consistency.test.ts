/** A data folder in which files and rows disagree. */
import {
    closeSync,
    existsSync,
    openSync,
    readdirSync,
    rmSync,
    writeFileSync,
    writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import {
    inspectDataFolder,
    inspectWhileRunning,
    type Finding,
} from '../../src/daemon/consistency.js';
import { openFolders } from '../../src/daemon/folders.js';
import { Store } from '../../src/daemon/store/index.js';
import { newToken, rawVideo, startTestDaemon, TestClient } from '../helpers/daemon.js';
import { finishJob } from '../helpers/jobs.js';
import { makeReadyJob, makeResult } from '../helpers/results.js';
import { temporaryFolder } from '../helpers/temporary.js';

/** A data folder with the finished jobs of one user, and nobody who uses it. */
async function folderWithJobs(
    count: number,
): Promise<{ dataDir: string; token: string; ids: string[] }> {
    const dataDir = temporaryFolder();
    const token = newToken();
    const daemon = await startTestDaemon({ dataDir });
    const client = await TestClient.connect(daemon.url, token);
    const ids: string[] = [];
    for (let turn = 0; turn < count; turn += 1) {
        ids.push((await finishJob(daemon, rawVideo(1), { client, token })).jobId);
    }
    expect(await inspectDataFolder(dataDir, true)).toEqual([]);
    await daemon.stop();
    return { dataDir, token, ids };
}

it('is told of as it is, changed by nobody who only looks, and mended by the next start', async () => {
    const { dataDir, token, ids } = await folderWithJobs(3);
    expect(await inspectDataFolder(dataDir, false)).toEqual([]);

    const stray = join(dataDir, 'results', 'stray');
    writeFileSync(stray, 'x');
    const db = new Database(join(dataDir, 'kvz-cloud.db'));
    const resultOf = (id = ''): string =>
        String(db.prepare('SELECT result_id FROM jobs WHERE id = ?').pluck().get(id));
    const [lost, unused] = [resultOf(ids[0]), resultOf(ids[1])];
    rmSync(join(dataDir, 'results', lost));
    db.prepare('UPDATE jobs SET result_id = NULL WHERE id = ?').run(ids[1]);
    db.close();
    const [source = ''] = readdirSync(join(dataDir, 'sources'));
    rmSync(join(dataDir, 'sources', source));

    const findings = (await inspectDataFolder(dataDir, false)) ?? [];
    expect(findings).toEqual(
        expect.arrayContaining([
            { kind: 'stray', path: stray },
            { kind: 'source-lost', id: expect.any(String) as string },
            { kind: 'result-lost', id: lost },
            { kind: 'result-unused', id: unused },
            { kind: 'job-without-result', id: ids[1] },
        ]),
    );
    expect(findings).toHaveLength(5);
    expect(existsSync(stray)).toBe(true);

    const daemon = await startTestDaemon({ dataDir });
    await daemon.repaired;
    expect(await inspectDataFolder(dataDir, true)).toEqual([]);
    expect(existsSync(stray)).toBe(false);
    const client = await TestClient.connect(daemon.url, token);
    const list = (await client.request({ type: 'jobs.list' }))['jobs'] as { state: string }[];
    expect(list.map(({ state }) => state).sort()).toEqual(['expired', 'expired', 'ready']);
});

it('with a damaged database is not used', async () => {
    const { dataDir } = await folderWithJobs(1);
    const path = join(dataDir, 'kvz-cloud.db');
    const db = new Database(path);
    const page = Number(
        db.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'events'`).pluck().get(),
    );
    const pageBytes = Number(db.pragma('page_size', { simple: true }));
    // As after a daemon that was killed: then all of the database is read.
    db.prepare(`INSERT INTO meta (key, value) VALUES ('running', '1')`).run();
    db.close();
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(pageBytes, 0xff), 0, pageBytes, (page - 1) * pageBytes);
    closeSync(file);

    expect(await inspectDataFolder(dataDir, false)).toMatchObject([{ kind: 'database' }]);
    await expect(startTestDaemon({ dataDir })).rejects.toThrow(/is damaged .*backup/);
});

it('with many files is looked at whole; what is newer than the daemon may be awaiting its row', async () => {
    const folders = openFolders(temporaryFolder());
    const store = new Store(folders.database);
    const names = Array.from({ length: 600 }, (_, index) => `stray-${index}`);
    for (const name of names) writeFileSync(join(folders.frames, name), '');
    const look = async (startedMs: number, signal = new AbortController().signal) => {
        const findings: Finding[] = [];
        for await (const finding of inspectWhileRunning(store, folders, startedMs, signal)) {
            findings.push(finding);
        }
        return findings;
    };
    expect(await look(Number.MAX_SAFE_INTEGER)).toHaveLength(names.length);
    expect(await look(0)).toEqual([]);
    expect(await look(Number.MAX_SAFE_INTEGER, AbortSignal.abort())).toEqual([]);
    store.close();
});

it('with many rows is looked at to the last of them', async () => {
    const daemon = await startTestDaemon();
    const { store, folders } = daemon.context;
    const token = newToken();
    const made = Array.from({ length: 600 }, () => makeResult(daemon, 1));
    store.transaction(() => made.forEach((result) => makeReadyJob(daemon, token, result)));
    expect(await inspectDataFolder(folders.root, true)).toEqual([]);
    const last =
        made
            .map(({ resultId }) => resultId)
            .sort()
            .at(-1) ?? '';
    rmSync(join(folders.results, last));
    expect(await inspectDataFolder(folders.root, true)).toEqual([
        { kind: 'result-lost', id: last },
    ]);
});

it('that is empty has nothing to be told of', async () => {
    expect(await inspectDataFolder(temporaryFolder(), false)).toBeUndefined();
});
