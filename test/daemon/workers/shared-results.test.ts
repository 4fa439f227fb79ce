/** Results that a worker puts into the daemon's data folder: taken only when they are what was said. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { HandWorker, queuedJob, startSharingDaemon } from '../../helpers/hand-worker.js';

const MIB = 1024 * 1024;
const announced = randomBytes(2 * MIB + 5);

/** A worker that has announced a result, and where it is to put it. */
async function announcing() {
    const daemon = await startSharingDaemon({ retries: 0 });
    const { jobId, client } = await queuedJob(daemon);
    const worker = await HandWorker.join(daemon, 'near');
    const held = await worker.claim(jobId);
    const { body } = await worker.ask('result', worker.notice(held, announced));
    const { id, sharedPath } = body['upload'] as { id: string; sharedPath: string };
    await worker.ask(`frames?upload=${id}`, Buffer.from('csv'), 'application/gzip');
    const { folders } = daemon.context;
    return { daemon, client, jobId, worker, id, path: join(folders.root, sharedPath) };
}

it.each<[string, (path: string) => void]>([
    ['is not there', () => undefined],
    ['is shorter', (path) => writeFileSync(path, announced.subarray(1))],
    ['is longer', (path) => writeFileSync(path, Buffer.concat([announced, Buffer.alloc(1)]))],
    ['is another', (path) => writeFileSync(path, randomBytes(announced.length))],
    ['is a folder', (path) => mkdirSync(path)],
    [
        'is elsewhere',
        (path) => {
            writeFileSync(`${path}-elsewhere`, announced);
            symlinkSync(`${path}-elsewhere`, path);
        },
    ],
])('a result that %s is not taken', async (_, put) => {
    const { daemon, client, jobId, worker, id, path } = await announcing();
    put(path);
    expect(await worker.ask('delivered', { upload: id })).toMatchObject({ status: 200 });
    const { failure } = await client.waitForState(jobId, 'failed');
    expect(failure).toMatchObject({ code: 'FILE_MISMATCH', transient: true });
    expect(readdirSync(daemon.context.folders.results)).toEqual([]);
    const { body } = await worker.ask('report', { jobs: [{ jobId, attempt: 1 }] });
    expect(body).toMatchObject({ lost: [{ jobId, reason: 'ended' }] });
});

it('a result that is what was announced and no video is not called ready', async () => {
    const { daemon, client, jobId, worker, id, path } = await announcing();
    writeFileSync(path, announced);
    // Twice, as when the first answer was lost; the second may come when all is over.
    const [answer] = await Promise.all([1, 2].map(() => worker.ask('delivered', { upload: id })));
    expect(answer).toMatchObject({ status: 200 });
    const { failure } = await client.waitForState(jobId, 'failed');
    expect(failure).toMatchObject({ code: 'VERIFICATION_FAILED' });
    const { folders } = daemon.context;
    await expect.poll(() => readdirSync(folders.work)).toEqual([]);
    expect(readdirSync(folders.results)).toEqual([]);
    expect(readdirSync(folders.sources)).toHaveLength(1);
});

it('only the worker that has announced a result can say that it is there', async () => {
    const { daemon, worker, id } = await announcing();
    const thief = await HandWorker.join(daemon, 'thief');
    for (const [who, upload] of [
        [thief, id],
        [worker, '../kvz-cloud'],
        [worker, ''],
    ] as const) {
        const { body } = await who.ask('delivered', { upload });
        expect(body).toMatchObject({ code: 'UNKNOWN_UPLOAD' });
    }
    expect((await worker.ask('delivered', {})).body).toMatchObject({ code: 'BAD_MESSAGE' });
});
