import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunningDaemon } from '../../src/daemon/daemon.js';
import { Store } from '../../src/daemon/store/index.js';
import { expireUploads } from '../../src/daemon/janitor.js';
import {
    FAST_OPTIONS,
    newToken,
    rawFile,
    rawVideo,
    startTestDaemon,
    TestClient,
} from '../helpers/daemon.js';
import { finishJob, sendJob, type AskedJob } from '../helpers/jobs.js';
import { temporaryFolder } from '../helpers/temporary.js';

/** A preset and size that keep kvazaar busy until it is stopped. */
const LONG = { request: { options: { ...FAST_OPTIONS, preset: 'placebo' } } };

const filesOf = ({ context: { folders } }: RunningDaemon): Record<string, number> => ({
    sources: readdirSync(folders.sources).length,
    results: readdirSync(folders.results).length,
    work: readdirSync(folders.work).length,
    jobLogs: readdirSync(folders.jobLogs).length,
});

const download = (url: string, { jobId, token }: AskedJob, headers = {}): Promise<Response> =>
    fetch(`${url}/jobs/${jobId}/result`, {
        headers: { authorization: `Bearer ${token}`, ...headers },
    });

describe('a job', () => {
    it('tells its way, its progress and its result', async () => {
        const daemon = await startTestDaemon();
        const sent = await sendJob(daemon, rawVideo(40));
        const ready = await sent.client.waitForState(sent.jobId, 'ready');
        expect(ready['result']).toMatchObject({
            fileName: 'clip.hevc.hevc',
            inputBytes: sent.bytes.length,
            frames: 40,
            logoFrames: 0,
        });
        const progress = sent.client.messages.filter((message) => message['progress']).at(-1);
        expect(progress?.['progress']).toMatchObject({ frame: 40, frames: 40, percent: 100 });
        const { lines } = (await sent.client.request({ type: 'job.logs', jobId: sent.jobId })) as {
            lines?: string[];
        };
        expect(lines?.some((line) => line.includes('kvazaar'))).toBe(true);
        expect(filesOf(daemon)).toEqual({ sources: 1, results: 1, work: 0, jobLogs: 1 });

        const answer = await fetch(`${daemon.url}/jobs/${sent.jobId}/frames`, {
            headers: { authorization: `Bearer ${sent.token}` },
        });
        const [heading, ...rows] = (await answer.text()).trimEnd().split('\n');
        expect(heading).toBe('frame,poc,type,qp,bits,psnr_y,psnr_u,psnr_v');
        expect(rows).toHaveLength(40);
        expect(rows[0]).toMatch(/^0,0,I,\d+,\d+,[\d.]+,[\d.]+,[\d.]+$/);
    });

    it('gives its result whole, in parts and to its owner only', async () => {
        const daemon = await startTestDaemon();
        const sent = await finishJob(daemon, rawVideo(10));
        const whole = await download(daemon.url, sent);
        const bytes = Buffer.from(await whole.arrayBuffer());
        expect(whole.headers.get('content-disposition')).toContain('clip.hevc.hevc');
        expect(Number(whole.headers.get('content-length'))).toBe(bytes.length);

        const part = await download(daemon.url, sent, { range: 'bytes=10-19' });
        expect(part.status).toBe(206);
        expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(10, 20))).toBe(true);

        const stranger = await download(daemon.url, { ...sent, token: newToken() });
        const unknown = await download(daemon.url, { ...sent, jobId: 'x'.repeat(16) });
        expect([stranger.status, unknown.status]).toEqual([404, 404]);
        const nobody = await fetch(`${daemon.url}/jobs/${sent.jobId}/result`);
        expect(nobody.status).toBe(401);
    });

    it('that fails for its file keeps nothing but the reason', async () => {
        const daemon = await startTestDaemon();
        const bytes = Buffer.from('This is not a video.');
        const { id, size } = rawFile(bytes);
        const file = { id, size, name: 'clip.mp4', kind: 'container' };
        const { client, jobId, request } = await sendJob(daemon, bytes, { request: { file } });
        const failed = await client.waitForState(jobId, 'failed');
        expect(failed['failure']).toMatchObject({ code: 'INPUT_NOT_MEDIA' });
        expect(filesOf(daemon)).toEqual({ sources: 0, results: 0, work: 0, jobLogs: 1 });
        expect(await client.request({ type: 'job.retry', jobId })).toMatchObject({
            code: 'WRONG_STATE',
        });
        expect(await client.request(request)).toMatchObject({ status: 'approved' });
    });

    it('gives its worker back when its log cannot be written', async () => {
        const daemon = await startTestDaemon({ workers: 1 });
        rmSync(daemon.context.folders.jobLogs, { recursive: true });
        for (let i = 0; i < 2; i += 1) {
            const { client, jobId } = await sendJob(daemon, rawVideo(1));
            const ready = await client.waitForState(jobId, 'ready');
            expect(ready['result']).toMatchObject({ frames: 1 });
        }
    });

    it('is new again when its result, or its source, has vanished from the disk', async () => {
        const daemon = await startTestDaemon();
        const { folders } = daemon.context;
        const sent = await finishJob(daemon, rawVideo(1));
        const empty = (folder: string): void => {
            for (const name of readdirSync(folder)) rmSync(join(folder, name));
        };

        empty(folders.results);
        const second = await sent.client.request(sent.request);
        expect(second).toMatchObject({ status: 'queued' });
        await sent.client.waitForState(second.jobId, 'ready');

        empty(folders.results);
        empty(folders.sources);
        expect(await sent.client.request(sent.request)).toMatchObject({ status: 'approved' });
    });

    it('that kills the daemon again and again is given up', async () => {
        const dataDir = temporaryFolder();
        const token = newToken();
        const first = await startTestDaemon({ dataDir });
        await first.context.queue.stop();
        const { jobId } = await sendJob(first, rawVideo(1), { token });
        await first.stop();
        const database = first.context.folders.database;
        for (let i = 0; i < 3; i += 1) {
            const store = new Store(database);
            store.meta.begin(undefined);
            if (i > 0) store.jobs.transition(jobId, 'queued', 0, { crashed: true }, ['probing']);
            expect(store.turns.claim(0)?.[0].attempt).toBe(i + 1);
        }
        const last = await startTestDaemon({ dataDir });
        const after = await TestClient.connect(last.url, token, 0);
        const failed = await after.waitForState(jobId, 'failed');
        expect(failed['failure']).toMatchObject({ code: 'DAEMON_CRASHED' });
    });

    it('that runs can be cancelled, and nothing stays behind', async () => {
        const daemon = await startTestDaemon();
        const sent = await sendJob(daemon, rawVideo(6_000), LONG);
        await sent.client.waitForState(sent.jobId, 'encoding');
        const answer = await sent.client.request({ type: 'job.cancel', jobId: sent.jobId });
        expect(answer).toMatchObject({ job: { state: 'cancelled' } });
        await daemon.context.queue.stop();
        expect(filesOf(daemon)).toMatchObject({ results: 0, work: 0 });
        expect(await sent.client.request({ type: 'job.cancel', jobId: sent.jobId })).toMatchObject({
            code: 'WRONG_STATE',
        });
        expect(await sent.client.request({ type: 'job.remove', jobId: sent.jobId })).toMatchObject({
            type: 'job.removed',
        });
        expect(filesOf(daemon)).toEqual({ sources: 0, results: 0, work: 0, jobLogs: 0 });
    });

    it('that was cancelled can be tried again', async () => {
        const token = newToken();
        const daemon = await startTestDaemon({}, token);
        const client = await TestClient.connect(daemon.url, token);
        // It cannot end before.
        await client.request({ type: 'queue.pause' });
        const sent = await sendJob(daemon, rawVideo(4), { client, token });
        await client.request({ type: 'job.cancel', jobId: sent.jobId });
        const answer = await sent.client.request({ type: 'job.retry', jobId: sent.jobId });
        expect(answer).toMatchObject({ type: 'job' });
        await client.request({ type: 'queue.resume' });
        await sent.client.waitForState(sent.jobId, 'ready');
    });

    it('goes back to the queue when the daemon stops, and runs when it is back', async () => {
        const first = await startTestDaemon();
        const sent = await sendJob(first, rawVideo(6_000), LONG);
        await sent.client.waitForState(sent.jobId, 'encoding');
        await first.stop();
        expect(filesOf(first)).toMatchObject({ results: 0, work: 0 });
        const second = await startTestDaemon({ dataDir: first.context.settings.dataDir });
        const client = await TestClient.connect(second.url, sent.token, 0);
        // The first time is told again.
        const times = (): number =>
            client.messages.filter(({ state, progress }) => state === 'encoding' && !progress)
                .length;
        await client.wait(() => times() === 2);
        const { job } = (await client.request({ type: 'job.get', jobId: sent.jobId })) as {
            job?: { attempt: number };
        };
        expect(job?.attempt).toBe(2);
    });

    it('shares its result with an equal one, until the last of them is removed', async () => {
        const daemon = await startTestDaemon();
        const bytes = rawVideo(10);
        // Two users send the same bytes; neither needs a proof for what it has sent itself.
        const [a, b] = await Promise.all([sendJob(daemon, bytes), sendJob(daemon, bytes)]);
        await a.client.waitForState(a.jobId, 'ready');
        await b.client.waitForState(b.jobId, 'ready');
        expect(filesOf(daemon)).toMatchObject({ sources: 1, results: 1 });
        await a.client.request({ type: 'job.remove', jobId: a.jobId });
        expect(filesOf(daemon)).toMatchObject({ sources: 1, results: 1 });
        expect((await download(daemon.url, b)).status).toBe(200);
        await b.client.request({ type: 'job.remove', jobId: b.jobId });
        expect(filesOf(daemon)).toEqual({ sources: 0, results: 0, work: 0, jobLogs: 0 });
    });

    it('comes before others when its priority is higher', async () => {
        const daemon = await startTestDaemon({ workers: 1 });
        const { client, token, jobId } = await sendJob(daemon, rawVideo(6_000), LONG);
        await client.waitForState(jobId, 'encoding');
        const jobIds: unknown[] = [];
        for (const priority of [0, 5, -5]) {
            const asking = { client, token, request: { priority } };
            jobIds.push((await sendJob(daemon, rawVideo(1), asking)).jobId);
        }
        const order = [];
        for (let i = 0; i < 3; i += 1)
            order.push(daemon.context.store.turns.claim(Date.now())?.[0].id);
        expect(order).toEqual([jobIds[1], jobIds[0], jobIds[2]]);
    });

    it('whose upload went silent expires, and its request is new again', async () => {
        const daemon = await startTestDaemon({ uploadExpiry: '1h' });
        const token = newToken();
        const client = await TestClient.connect(daemon.url, token);
        const bytes = rawVideo(1);
        const request = { type: 'encode.request', file: rawFile(bytes), options: FAST_OPTIONS };
        const reply = await client.request(request);
        await expireUploads(daemon.context, Date.now() + 3_000_000);
        expect(daemon.context.store.uploads.reservedBytes()).toBe(bytes.length);
        await expireUploads(daemon.context, Date.now() + 4_000_000);
        await client.waitForState(reply.jobId, 'expired');
        expect(daemon.context.store.uploads.reservedBytes()).toBe(0);
        const again = await client.request(request);
        expect(again).toMatchObject({ status: 'approved' });
        expect(again.jobId).not.toBe(reply.jobId);
    });
});
