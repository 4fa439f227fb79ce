import { copyFileSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { backUpDatabase } from '../../../src/daemon/store/backup.js';
import { newToken, startTestDaemon, TestClient } from '../../helpers/daemon.js';
import { makeReadyJob, makeResult } from '../../helpers/results.js';
import { temporaryFolder } from '../../helpers/temporary.js';

describe('a backup', () => {
    it('is made while the daemon writes, and a daemon goes on from it', async () => {
        const dataDir = temporaryFolder();
        const target = join(temporaryFolder(), 'copy.db');
        const daemon = await startTestDaemon({ dataDir });
        const token = newToken();
        const client = await TestClient.connect(daemon.url, token);
        const result = makeResult(daemon, 1_000);
        const jobId = makeReadyJob(daemon, token, result);
        const backup = backUpDatabase(daemon.context.folders.database, target, false);
        const laterJob = makeReadyJob(daemon, token, makeResult(daemon, 10));
        await backup;
        expect(statSync(target).mode & 0o077).toBe(0);
        expect(readdirSync(join(target, '..'))).toEqual(['copy.db']);
        const copy = new Database(target, { readonly: true });
        expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
        copy.close();
        await client.request({ type: 'job.remove', jobId: laterJob });
        client.close();
        await daemon.stop();

        // As docs/OPERATION.md says.
        const database = daemon.context.folders.database;
        copyFileSync(target, database);
        for (const end of ['-wal', '-shm']) rmSync(`${database}${end}`, { force: true });
        const restored = await startTestDaemon({ dataDir });
        const response = await fetch(`${restored.url}/jobs/${jobId}/result`, {
            headers: { authorization: `Bearer ${token}` },
        });
        const body = Buffer.from(await response.arrayBuffer());
        expect(body.equals(result.bytes)).toBe(true);
    });

    it('replaces nothing unless told to, and leaves nothing when it fails', async () => {
        const { context } = await startTestDaemon();
        const { database } = context.folders;
        const folder = temporaryFolder();
        const target = join(folder, 'copy.db');
        writeFileSync(target, 'mine');
        await expect(backUpDatabase(database, target, false)).rejects.toMatchObject({
            code: 'OUTPUT_EXISTS',
        });
        expect(statSync(target).size).toBe(4);
        await backUpDatabase(database, target, true);
        expect(statSync(target).size).toBeGreaterThan(4_000);
        await expect(
            backUpDatabase(database, join(folder, 'no', 'copy.db'), false),
        ).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
        await expect(
            backUpDatabase(join(folder, 'none.db'), join(folder, 'x.db'), false),
        ).rejects.toMatchObject({ code: 'USAGE' });
        expect(existsSync(join(folder, 'none.db'))).toBe(false);
        expect(readdirSync(folder)).toEqual(['copy.db']);
    });
});
