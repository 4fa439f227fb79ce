import { describe, expect, it } from 'vitest';
import type { RunningDaemon } from '../../src/daemon/daemon.js';
import {
    FAST_OPTIONS,
    newToken,
    rawVideo,
    startTestDaemon,
    TestClient,
} from '../helpers/daemon.js';
import { sendJob } from '../helpers/jobs.js';
import { temporaryFolder } from '../helpers/temporary.js';

/** Sends a new file of some frames, and waits until its job is in the queue. */
async function queueJob(
    daemon: RunningDaemon,
    client: TestClient,
    token: string,
    request: object = {},
): Promise<string> {
    const { jobId } = await sendJob(daemon, rawVideo(2), { client, token, request });
    await client.waitForState(jobId, 'queued');
    return jobId;
}

describe('the queue', () => {
    it('is paused and goes on, and everybody is told', async () => {
        const admin = newToken();
        const token = newToken();
        const daemon = await startTestDaemon({}, admin);
        const owner = await TestClient.connect(daemon.url, admin);
        const client = await TestClient.connect(daemon.url, token);
        expect(await owner.request({ type: 'queue.pause', reason: 'new disks' })).toMatchObject({
            paused: { reason: 'user', message: expect.stringMatching(/: new disks$/) as string },
        });
        expect(await client.wait(({ type }) => type === 'queue')).toMatchObject({
            paused: { reason: 'user' },
        });
        const jobId = await queueJob(daemon, client, token);
        expect(await client.request({ type: 'job.get', jobId })).toMatchObject({
            job: { state: 'queued', forecast: { position: 1 } },
        });
        expect(await client.request({ type: 'server.stats' })).toMatchObject({
            ...{ queued: 1, running: 0, uploads: 0, isAdmin: false },
            paused: { reason: 'user' },
        });

        expect(await owner.request({ type: 'queue.resume' })).not.toHaveProperty('paused');
        await client.waitForState(jobId, 'ready');
        const news = client.messages.filter(({ type }) => type === 'queue');
        expect(news.map((message) => 'paused' in message)).toEqual([true, false]);
        expect(await client.request({ type: 'server.stats' })).toMatchObject({
            recent: [{ id: jobId, state: 'ready' }],
        });
    });

    it('stays paused when the daemon is started anew', async () => {
        const dataDir = temporaryFolder();
        const admin = newToken();
        const first = await startTestDaemon({ dataDir }, admin);
        const client = await TestClient.connect(first.url, admin);
        await client.request({ type: 'queue.pause' });
        const jobId = await queueJob(first, client, admin);
        await first.stop();

        const second = await startTestDaemon({ dataDir }, admin);
        const back = await TestClient.connect(second.url, admin, 0);
        expect(back.messages[0]).toMatchObject({ paused: { reason: 'user' } });
        expect(await back.request({ type: 'job.get', jobId })).toMatchObject({
            job: { state: 'queued' },
        });
        await back.request({ type: 'queue.resume' });
        await back.waitForState(jobId, 'ready');
    });

    it('is not in the hands of other users', async () => {
        const daemon = await startTestDaemon();
        const client = await TestClient.connect(daemon.url, newToken());
        for (const message of [
            { type: 'queue.pause' },
            { type: 'queue.resume' },
            { type: 'jobs.list', all: true },
        ]) {
            expect(await client.request(message)).toMatchObject({ code: 'FORBIDDEN' });
        }
        expect(daemon.context.pause.current).toBeUndefined();
    });

    it('changes its order with the priority of a job that waits, and only of one', async () => {
        const admin = newToken();
        const token = newToken();
        const daemon = await startTestDaemon({ workers: 1 }, admin);
        const owner = await TestClient.connect(daemon.url, admin);
        await owner.request({ type: 'queue.pause' });
        const client = await TestClient.connect(daemon.url, token);
        const first = await queueJob(daemon, client, token);
        const second = await queueJob(daemon, client, token);
        const third = await queueJob(daemon, client, token);
        const prioritise = { type: 'job.prioritise', priority: 7 };
        expect(await client.request({ ...prioritise, jobId: third })).toMatchObject({
            job: { priority: 7, forecast: { position: 1 } },
        });
        // An administrator may, for everybody.
        expect(await owner.request({ ...prioritise, jobId: second, priority: 8 })).toMatchObject({
            job: { priority: 8, forecast: { position: 1 } },
        });
        const list = await owner.request({ type: 'jobs.list', all: true, states: ['queued'] });
        const user = client.messages[0]?.['user'];
        expect(list['jobs']).toMatchObject([
            { id: third, user, forecast: { position: 2 } },
            { id: second, user, forecast: { position: 1 } },
            { id: first, user, forecast: { position: 3 } },
        ]);
        await owner.request({ type: 'queue.resume' });
        await client.waitForState(first, 'ready');
        const started = client.messages
            .filter(({ type, state }) => type === 'job.event' && state === 'probing')
            .map(({ jobId }) => jobId);
        expect(started).toEqual([second, third, first]);
        expect(await client.request({ ...prioritise, jobId: first })).toMatchObject({
            code: 'WRONG_STATE',
        });
        const stranger = await TestClient.connect(daemon.url, newToken());
        expect(await stranger.request({ ...prioritise, jobId: first })).toMatchObject({
            code: 'UNKNOWN_JOB',
        });
    });

    it('foretells when a job is ready once it knows how fast the preset is', async () => {
        const admin = newToken();
        const daemon = await startTestDaemon({ workers: 1 }, admin);
        const client = await TestClient.connect(daemon.url, admin);
        const measured = await queueJob(daemon, client, admin);
        await client.waitForState(measured, 'ready');
        await client.request({ type: 'queue.pause' });
        const known = await queueJob(daemon, client, admin);
        const unknown = await queueJob(daemon, client, admin, {
            options: { ...FAST_OPTIONS, preset: 'veryfast' },
        });
        const seconds = daemon.context.store.speeds
            .pending()
            .map(({ id, estimatedSeconds }) => [id, estimatedSeconds !== undefined]);
        expect(Object.fromEntries(seconds)).toEqual({ [known]: true, [unknown]: false });
    });
});
