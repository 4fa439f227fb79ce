/** What worker machines may do, what they may not, and what the daemon makes of their nonsense. */
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { RunningDaemon } from '../../../src/daemon/daemon.js';
import { TokenAdmin } from '../../../src/daemon/access/token-admin.js';
import { newToken, sendAll, sendChunk, TestClient } from '../../helpers/daemon.js';
import {
    HandWorker,
    queuedJob,
    startSharingDaemon,
    workerToken,
} from '../../helpers/hand-worker.js';

const MIB = 1024 * 1024;

const sources = (daemon: RunningDaemon): string[] => readdirSync(daemon.context.folders.sources);
const GZIP = 'application/gzip';

it('shows its machines, and which of them has a job', async () => {
    const daemon = await startSharingDaemon({
        ...{ jobSeconds: 77, jobStallSeconds: 9, resultBytes: 1e9 },
    });
    const { client, jobId } = await queuedJob(daemon);
    const lonely = await client.request({ type: 'server.stats' });
    expect(lonely).toMatchObject({ workers: 0, running: 0, machines: [] });
    const waiting = await client.request({ type: 'job.get', jobId });
    expect(waiting['job']).toMatchObject({ forecast: { position: 1 } });
    expect(waiting['job']).not.toHaveProperty('forecast.startSeconds');

    const worker = await HandWorker.join(daemon, 'lab-1');
    const { limits } = await worker.claim(jobId);
    expect(limits).toMatchObject({ wallClockSeconds: 77, stallSeconds: 9, outputBytes: 1e9 });
    expect(await client.request({ type: 'server.stats' })).toMatchObject({
        ...{ workers: 4, running: 1 },
        machines: [{ name: 'lab-1', slots: 4, running: 1, threads: 8 }],
    });
    const running = await client.request({ type: 'job.get', jobId });
    expect(running['job']).toMatchObject({ state: 'probing', worker: 'lab-1' });
    const late = await TestClient.open(daemon.url);
    const ok = await late.request({ type: 'init', protocol: 1, token: newToken() });
    expect(ok).toMatchObject({ workers: 4 });
    await worker.ask('goodbye', {});
    expect(await client.request({ type: 'server.stats' })).toMatchObject({ machines: [] });
});

it('lets a worker have the source of the job that it holds, and no other', async () => {
    const daemon = await startSharingDaemon();
    const { jobId, bytes, token } = await queuedJob(daemon);
    const other = await queuedJob(daemon, token);
    const [holder, thief] = [
        await HandWorker.join(daemon, 'holder'),
        await HandWorker.join(daemon, 'thief'),
    ];
    const { source, attempt } = await holder.claim(jobId);
    const fetched = await holder.get(source);
    expect(Buffer.from(await fetched.arrayBuffer()).equals(bytes)).toBe(true);

    for (const path of [
        source.replace(holder.id, thief.id),
        `/worker/${thief.id}/source?jobId=${other.jobId}&attempt=1`,
        `/worker/${thief.id}/source?jobId=${other.jobId}&attempt=0`,
    ]) {
        const answer = await thief.get(path);
        expect(await answer.json()).toMatchObject({ code: 'UNKNOWN_JOB' });
    }
    // Under the holder's name, but with a token of its own.
    expect(await (await thief.get(source)).json()).toMatchObject({ code: 'UNKNOWN_WORKER' });

    const result = randomBytes(MIB);
    const held = { jobId, attempt };
    const about = [
        ['result', thief.notice(held, result)],
        ['failed', { ...held, failure: { code: 'X', message: 'no' } }],
        ['release', held],
        ['claim', { jobId, attempt }],
    ] as const;
    for (const [action, body] of about) {
        expect((await thief.ask(action, body)).body).toMatchObject({ code: 'UNKNOWN_JOB' });
    }
    const report = { jobs: [{ ...held, phase: 'packaging', log: [] }] };
    expect((await thief.ask('report', report)).body).toEqual({
        lost: [{ ...held, reason: 'taken' }],
    });
    const uploadId = await holder.announce(held, result);
    const frames = await thief.ask(`frames?upload=${uploadId}`, Buffer.from('x'), GZIP);
    expect(frames.body).toMatchObject({ code: 'UNKNOWN_UPLOAD' });
    const chunk = { uploadId, number: 1, chunkSize: MIB, totalSize: MIB, body: result };
    const sent = await sendChunk(daemon.url, { ...chunk, token: thief.token });
    expect(await sent.json()).toMatchObject({ code: 'UNKNOWN_UPLOAD' });
    expect(daemon.context.store.jobs.get(jobId)?.state).toBe('probing');
});

it('keeps the rights of users and of workers apart', async () => {
    const daemon = await startSharingDaemon();
    const { jobId, token } = await queuedJob(daemon);
    const worker = await HandWorker.join(daemon, 'lab');
    const posing = new HandWorker(daemon, 'posing', token);
    for (const action of ['hello', 'claim', 'report', 'result', 'frames', 'failed', 'goodbye']) {
        const { status, body } = await posing.ask(action, {});
        expect([action, status, body['code']]).toEqual([action, 403, 'FORBIDDEN']);
    }
    const client = await TestClient.connect(daemon.url, worker.token);
    for (const message of [{ type: 'jobs.list' }, { type: 'job.cancel', jobId }]) {
        expect(await client.request(message)).toMatchObject({ code: 'FORBIDDEN' });
    }
    const result = await worker.get(`/jobs/${jobId}/result`);
    expect(await result.json()).toMatchObject({ code: 'FORBIDDEN' });
});

it('hands the jobs of a worker whose token is revoked to others', async () => {
    const daemon = await startSharingDaemon({ workerLease: 3 });
    const { jobId, client } = await queuedJob(daemon);
    const worker = await HandWorker.join(daemon, 'stolen');
    const since = client.messages.length;
    await worker.claim(jobId);
    new TokenAdmin(daemon.context.store.tokens).revoke('stolen');
    daemon.context.presences.endOutdated();
    expect((await worker.ask('report', { jobs: [] })).status).toBe(401);
    await client.wait((message) => {
        const isNew = client.messages.indexOf(message) >= since;
        return isNew && message.type === 'job.event' && message.state === 'queued';
    });
    const next = await HandWorker.join(daemon, 'next');
    expect(await next.claim(jobId, 1)).toMatchObject({ attempt: 2 });
});

it('refuses nonsense, and is none the worse for it', async () => {
    const daemon = await startSharingDaemon();
    const { jobId } = await queuedJob(daemon);
    const worker = await HandWorker.join(daemon, 'mad');
    const { attempt } = await worker.claim(jobId);
    const held = { jobId, attempt };
    const result = randomBytes(MIB);
    const bad = [
        ['hello', '{'],
        ['hello', { ...(await worker.hello()), name: '../x' }],
        ['hello', { ...(await worker.hello()), slots: 1e9 }],
        ['claim', { jobId: '__proto__', attempt: {} }],
        ['claim', '[]'],
        ['report', { jobs: Array.from({ length: 300 }, () => ({ ...held, log: [] })) }],
        ['report', { jobs: [{ ...held, log: [['me', 'x'.repeat(5000)]] }] }],
        ['report', `{"jobs":[],"x":"${'x'.repeat(5 * MIB)}"}`],
        ['result', { ...worker.notice(held, result), file: { id: 'x', size: 1 } }],
        ['result', { ...worker.notice(held, result), file: { id: '0'.repeat(64), size: 7 } }],
        ['result', { ...held }],
        ['failed', { ...held, failure: 'because' }],
        ['release', 'null'],
    ] as const;
    for (const [action, body] of bad) {
        const answer = await worker.ask(action, body);
        expect([action, answer.body['code']]).toEqual([action, 'BAD_MESSAGE']);
    }
    const text = await worker.ask('report', 'hello', 'text/plain');
    expect(text.body).toMatchObject({ code: expect.any(String) as string });
    expect(text.status).toBeLessThan(500);
    expect((await worker.ask('frames?upload=x', '{}')).status).toBe(415);
    expect((await worker.ask('report', { jobs: [held] })).body).toEqual({ lost: [] });
});

it('does not call a result ready that arrived whole and is none', async () => {
    const daemon = await startSharingDaemon();
    const { jobId, client } = await queuedJob(daemon);
    const worker = await HandWorker.join(daemon, 'broken');
    const assignment = await worker.claim(jobId);
    const rubbish = randomBytes(MIB + 5);
    const uploadId = await worker.announce(assignment, rubbish);
    await sendAll(daemon.url, worker.token, uploadId, rubbish);
    const { failure } = await client.waitForState(jobId, 'failed');
    expect(failure).toMatchObject({ code: 'VERIFICATION_FAILED' });
    const { folders } = daemon.context;
    await expect.poll(() => readdirSync(folders.work)).toEqual([]);
    expect(readdirSync(folders.results)).toEqual([]);
    expect(sources(daemon)).toHaveLength(1);
});

it('does not take a result that is larger than allowed', async () => {
    const daemon = await startSharingDaemon({ resultBytes: MIB });
    const { jobId, client } = await queuedJob(daemon);
    const worker = await HandWorker.join(daemon, 'lavish');
    const assignment = await worker.claim(jobId);
    const { body } = await worker.ask('result', worker.notice(assignment, randomBytes(MIB + 1)));
    expect(body).toMatchObject({ code: 'UNKNOWN_JOB' });
    const { failure } = await client.waitForState(jobId, 'failed');
    expect(failure).toMatchObject({ code: 'RESULT_TOO_LARGE' });
});

it('lets a result wait while the disk has no room for it', async () => {
    const daemon = await startSharingDaemon();
    const { jobId } = await queuedJob(daemon);
    const worker = await HandWorker.join(daemon, 'patient');
    const assignment = await worker.claim(jobId);
    const { settings } = daemon.context;
    const floor = settings.freeSpaceFloor;
    Object.assign(settings, { freeSpaceFloor: Number.MAX_SAFE_INTEGER });
    const notice = worker.notice(assignment, randomBytes(MIB));
    expect(await worker.ask('result', notice)).toMatchObject({
        ...{ status: 503, body: { code: 'NO_SPACE' } },
    });
    Object.assign(settings, { freeSpaceFloor: floor });
    expect(await worker.ask('result', notice)).toMatchObject({ status: 200 });
});

it('drops what is here of a result when its job is cancelled, and removed', async () => {
    const daemon = await startSharingDaemon();
    const { jobId, client } = await queuedJob(daemon);
    const worker = await HandWorker.join(daemon, 'late');
    const assignment = await worker.claim(jobId);
    const result = randomBytes(2 * MIB);
    const uploadId = await worker.announce(assignment, result);
    const chunk = { token: worker.token, uploadId, chunkSize: MIB, totalSize: result.length };
    const body = result.subarray(0, MIB);
    expect((await sendChunk(daemon.url, { ...chunk, number: 1, body })).status).toBe(200);
    expect(sources(daemon)).toContain(uploadId);

    await client.request({ type: 'job.cancel', jobId });
    await expect.poll(() => sources(daemon)).not.toContain(uploadId);
    expect(daemon.context.store.uploads.get(uploadId)?.state).toBe('cancelled');
    const more = await sendChunk(daemon.url, { ...chunk, number: 2, body });
    expect(await more.json()).toMatchObject({ code: 'UNKNOWN_UPLOAD' });
    expect(await client.request({ type: 'job.remove', jobId })).toMatchObject({ jobId });
    const held = { jobId, attempt: assignment.attempt };
    const { body: reply } = await worker.ask('report', { jobs: [held] });
    expect(reply).toEqual({ lost: [{ ...held, reason: 'cancelled' }] });
});

it('tries again later what failed for a reason that may pass', async () => {
    const daemon = await startSharingDaemon({ retryDelay: 6 });
    const { jobId, client } = await queuedJob(daemon);
    const worker = await HandWorker.join(daemon, 'unlucky');
    const { attempt } = await worker.claim(jobId);
    const failure = { code: 'DISK_FULL', message: 'no room', transient: true };
    await worker.ask('failed', { jobId, attempt, failure });
    const now = await client.request({ type: 'job.get', jobId });
    expect(now['job']).toMatchObject({
        ...{ state: 'queued', failure: { code: 'DISK_FULL' } },
        retryAt: expect.any(String) as string,
    });
    expect((await worker.ask('claim', { jobId, attempt })).body['code']).toBe('UNKNOWN_JOB');
    await expect
        .poll(async () => worker.ask('claim', { jobId, attempt }))
        .toMatchObject({ status: 200, body: { attempt: 2 } });
    await worker.ask('failed', { jobId, attempt: 2, failure: { code: 'NO_VIDEO', message: '-' } });
    await client.waitForState(jobId, 'failed');
});

it('hands out nothing while the queue is paused', async () => {
    const admin = newToken();
    const daemon = await startSharingDaemon();
    const { jobId } = await queuedJob(daemon);
    const worker = await HandWorker.join(daemon, 'ready');
    daemon.context.pause.pause(admin, undefined);
    await expect(worker.claim(jobId)).rejects.toThrow('UNKNOWN_JOB');
    daemon.context.pause.resume();
    expect(await worker.claim(jobId)).toMatchObject({ attempt: 1 });
});

it('bears a hundred workers with one token that report, at once, and again', async () => {
    const daemon = await startSharingDaemon();
    const token = workerToken(daemon, 'farm');
    const workers = await Promise.all(
        Array.from({ length: 100 }, async (_, number) =>
            HandWorker.join(daemon, `machine-${number}`, token),
        ),
    );
    for (let second = 0; second < 3; second += 1) {
        const answers = await Promise.all(
            workers.map(async (worker) => worker.ask('report', { jobs: [] })),
        );
        expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    }
});
