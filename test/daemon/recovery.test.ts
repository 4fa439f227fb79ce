import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectDataFolder } from '../../src/daemon/consistency.js';
import { DataFolderBusyError } from '../../src/daemon/data-lock.js';
import type { RunningDaemon } from '../../src/daemon/daemon.js';
import { Store } from '../../src/daemon/store/index.js';
import { leafCount } from '../../src/protocol/file-id.js';
import { LEAF_BYTES } from '../../src/protocol/limits.js';
import {
    FAST_OPTIONS,
    newToken,
    rawFile,
    rawVideo,
    sendAll,
    sendChunk,
    startTestDaemon,
    TestClient,
} from '../helpers/daemon.js';
import { askForJob } from '../helpers/jobs.js';
import { temporaryFolder } from '../helpers/temporary.js';

const requestFor = (bytes: Uint8Array): Record<string, unknown> => ({
    type: 'encode.request',
    file: rawFile(bytes),
    options: FAST_OPTIONS,
});

const uploadIdOf = (reply: object): string => (reply as { upload: { id: string } }).upload.id;

/** Stops a daemon and makes its data folder look as if it had been killed. */
async function kill(daemon: RunningDaemon): Promise<void> {
    const { database } = daemon.context.folders;
    await daemon.stop();
    new Store(database).meta.begin(undefined);
}

describe('after an unclean stop', () => {
    it('asks again for what did not reach the disk', async () => {
        const dataDir = temporaryFolder();
        const token = newToken();
        const bytes = rawVideo(512); // 3 MiB
        const before = await startTestDaemon({ dataDir });
        const reply = await (
            await TestClient.connect(before.url, token)
        ).request(requestFor(bytes));
        const uploadId = uploadIdOf(reply);
        const chunk = { token, uploadId, chunkSize: LEAF_BYTES, totalSize: bytes.length };
        for (const number of [1, 2]) {
            const body = bytes.subarray((number - 1) * LEAF_BYTES, number * LEAF_BYTES);
            await sendChunk(before.url, { ...chunk, number, body });
        }
        await kill(before);
        truncateSync(join(dataDir, 'sources', uploadId), 2 * LEAF_BYTES - 1);

        const after = await startTestDaemon({ dataDir });
        const client = await TestClient.connect(after.url, token);
        const again = await client.request(requestFor(bytes));
        expect(again).toMatchObject({
            status: 'approved',
            jobId: reply.jobId,
            upload: { id: uploadId, received: [[0, LEAF_BYTES]] },
        });
        await sendAll(after.url, token, uploadId, bytes);
        await client.waitForState(reply.jobId, 'ready');
        expect(readFileSync(join(dataDir, 'sources', uploadId)).equals(bytes)).toBe(true);
    });

    it('ends an upload whose last leaf came just before', async () => {
        const dataDir = temporaryFolder();
        const before = await startTestDaemon({ dataDir });
        const bytes = rawVideo(256);
        const last = leafCount(bytes.length) - 1;
        const { token, jobId, uploadId } = await askForJob(before, bytes);
        const chunk = { token, uploadId, chunkSize: LEAF_BYTES, totalSize: bytes.length };
        const body = bytes.subarray(0, LEAF_BYTES);
        await sendChunk(before.url, { ...chunk, number: 1, body });
        await kill(before);
        const digest = createHash('sha256').update(bytes.subarray(LEAF_BYTES)).digest();
        writeFileSync(join(dataDir, 'sources', uploadId), bytes);
        const store = new Store(before.context.folders.database);
        store.uploads.addLeaves(uploadId, [{ index: last, digest }], Date.now());
        store.close();
        await kill(before);

        const after = await startTestDaemon({ dataDir });
        const client = await TestClient.connect(after.url, token, 0);
        const ready = await client.waitForState(jobId, 'ready');
        expect(ready['result']).toMatchObject({ inputBytes: bytes.length, frames: 256 });
    });

    it('asks for all of an upload again whose file is gone', async () => {
        const dataDir = temporaryFolder();
        const before = await startTestDaemon({ dataDir });
        const bytes = rawVideo(512);
        const { token, request, uploadId } = await askForJob(before, bytes);
        const chunk = { token, uploadId, chunkSize: LEAF_BYTES, totalSize: bytes.length };
        const body = bytes.subarray(0, LEAF_BYTES);
        await sendChunk(before.url, { ...chunk, number: 1, body });
        await before.stop();
        rmSync(join(dataDir, 'sources', uploadId));
        const lost = [{ kind: 'upload-lost', id: uploadId }];
        expect(await inspectDataFolder(dataDir, false)).toEqual(lost);

        const after = await startTestDaemon({ dataDir });
        expect(await inspectDataFolder(dataDir, true)).toEqual([]);
        const client = await TestClient.connect(after.url, token);
        const again = await client.request(request);
        expect(again).toMatchObject({ status: 'approved', upload: { received: [] } });
        const { id } = again['upload'] as { id: string };
        await sendAll(after.url, token, id, bytes);
        await client.waitForState(again.jobId, 'ready');
    });

    it('queues the jobs again that a worker held, and counts the attempt', async () => {
        const dataDir = temporaryFolder();
        const token = newToken();
        const bytes = rawVideo(1);
        const before = await startTestDaemon({ dataDir });
        await before.context.queue.stop();
        const reply = await (
            await TestClient.connect(before.url, token)
        ).request(requestFor(bytes));
        await sendAll(before.url, token, uploadIdOf(reply), bytes);
        expect(before.context.store.turns.claim(Date.now())?.[0].id).toBe(reply.jobId);
        await kill(before);

        const after = await startTestDaemon({ dataDir });
        const client = await TestClient.connect(after.url, token, 0);
        await client.waitForState(reply.jobId, 'ready');
        expect(await client.request({ type: 'job.get', jobId: reply.jobId })).toMatchObject({
            job: { state: 'ready', attempt: 2 },
        });
    });

    it('removes what no row tells of, and keeps the rest', async () => {
        const dataDir = temporaryFolder();
        await kill(await startTestDaemon({ dataDir }));
        const strays = ['sources', 'results', 'work'].map((folder) =>
            join(dataDir, folder, 'left-behind'),
        );
        for (const stray of strays) writeFileSync(stray, 'x');
        const { repaired } = await startTestDaemon({ dataDir });
        await repaired;
        expect(strays.filter((stray) => existsSync(stray))).toEqual([]);
    });

    it('says of a job whose source is gone that it has to be sent again', async () => {
        const dataDir = temporaryFolder();
        const token = newToken();
        const bytes = rawVideo(1);
        const before = await startTestDaemon({ dataDir });
        await before.context.queue.stop();
        const client = await TestClient.connect(before.url, token);
        const reply = await client.request(requestFor(bytes));
        await sendAll(before.url, token, uploadIdOf(reply), bytes);
        expect(await client.request({ type: 'job.get', jobId: reply.jobId })).toMatchObject({
            job: { state: 'queued' },
        });
        await kill(before);
        rmSync(join(dataDir, 'sources', uploadIdOf(reply)));

        const after = await startTestDaemon({ dataDir });
        const again = await TestClient.connect(after.url, token, 0);
        await again.waitForState(reply.jobId, 'failed');
        expect(await again.request({ type: 'job.get', jobId: reply.jobId })).toMatchObject({
            job: { failure: { message: expect.stringContaining('send it again') as string } },
        });
        expect(await again.request(requestFor(bytes))).toMatchObject({ status: 'approved' });
    });

    it('forgets a source that is damaged', async () => {
        const dataDir = temporaryFolder();
        const token = newToken();
        const bytes = rawVideo(1);
        const before = await startTestDaemon({ dataDir });
        const client = await TestClient.connect(before.url, token);
        const reply = await client.request(requestFor(bytes));
        await sendAll(before.url, token, uploadIdOf(reply), bytes);
        await client.waitForState(reply.jobId, 'ready');
        await kill(before);
        // As after a power cut that came before the source was synced.
        const store = new Store(join(dataDir, 'kvz-cloud.db'));
        store.files.remove(String(rawFile(bytes)['id']));
        const storage = uploadIdOf(reply);
        store.files.add({ id: String(rawFile(bytes)['id']), size: bytes.length, storage }, 0);
        truncateSync(join(dataDir, 'sources', storage), 7);

        const after = await startTestDaemon({ dataDir });
        const other = { ...requestFor(bytes), options: { ...FAST_OPTIONS, container: 'mkv' } };
        const again = await (await TestClient.connect(after.url, token)).request(other);
        expect(again).toMatchObject({ status: 'approved', upload: { received: [] } });
    });
});

describe('a data folder', () => {
    it('serves one daemon at a time', async () => {
        const dataDir = temporaryFolder();
        const first = await startTestDaemon({ dataDir });
        await expect(startTestDaemon({ dataDir })).rejects.toThrow(DataFolderBusyError);
        await first.stop();
        await startTestDaemon({ dataDir });
    });
});
