/** Jobs that fail for a reason that may pass. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunningDaemon } from '../../../src/daemon/daemon.js';
import { retryTime } from '../../../src/daemon/jobs/settle.js';
import type { Settings } from '../../../src/config/settings.js';
import {
    FAST_OPTIONS,
    newToken,
    rawVideo,
    startTestDaemon,
    TestClient,
} from '../../helpers/daemon.js';
import { gatedKvazaar, type GatedKvazaar } from '../../helpers/gated-kvazaar.js';
import { sendJob, type AskedJob } from '../../helpers/jobs.js';
import { programOf } from '../../helpers/programs.js';
import { temporaryFolder } from '../../helpers/temporary.js';

const FRAMES = 300;
/** Of rawVideo(): enough for progress, and not all. */
const FIRST_BYTES = 200 * 6144;

/** Its encodes make progress and do not end, so that they can be killed. */
let gate: GatedKvazaar;
beforeEach(() => {
    gate = gatedKvazaar(FIRST_BYTES);
    vi.stubEnv('KVZ_CLOUD_KVAZAAR', gate.path);
});
afterEach(() => void vi.unstubAllEnvs());

const send = async (daemon: RunningDaemon, token = newToken()): Promise<AskedJob> =>
    sendJob(daemon, rawVideo(FRAMES), { token, request: { options: FAST_OPTIONS } });

/** Waits for the `count`th attempt to make progress, and kills its kvazaar. */
async function killKvazaar(client: TestClient, jobId: string, count = 1): Promise<void> {
    let attempts = 0;
    await client.wait((message) => {
        if (message === client.messages[0]) attempts = 0;
        if (message.type !== 'job.event' || message.jobId !== jobId) return false;
        if (message.state === 'probing') attempts += 1;
        return attempts === count && message['progress'] !== undefined;
    });
    const kvazaar = programOf(process.pid, 'kvazaar');
    if (!kvazaar) throw new Error('no kvazaar runs');
    process.kill(kvazaar.pid, 'SIGKILL');
}

const waitsForRetry = (message: Record<string, unknown>): boolean =>
    message['type'] === 'job.event' && message['retryAt'] !== undefined;

describe('a job whose program was killed from outside', () => {
    it('is tried again by itself, and says when and why', async () => {
        const daemon = await startTestDaemon({ retryDelay: 1 });
        const { client, jobId } = await send(daemon);
        await killKvazaar(client, jobId);
        expect(await client.wait(waitsForRetry)).toMatchObject({
            state: 'queued',
            failure: { code: 'ENCODER_FAILED', program: 'kvazaar', signal: 'SIGKILL' },
        });
        gate.open();
        const ready = await client.waitForState(jobId, 'ready');
        expect(ready['result']).toMatchObject({ frames: FRAMES });
        const { job } = (await client.request({ type: 'job.get', jobId })) as { job?: object };
        expect(job).toMatchObject({ attempt: 2 });
        expect(job).not.toHaveProperty('failure');
        expect(job).not.toHaveProperty('retryAt');
    });

    it('fails when that happens too often', async () => {
        const daemon = await startTestDaemon({ retryDelay: 1, retries: 1 });
        const { client, jobId } = await send(daemon);
        await killKvazaar(client, jobId, 1);
        await killKvazaar(client, jobId, 2);
        const failed = await client.waitForState(jobId, 'failed');
        expect(failed['failure']).toMatchObject({ signal: 'SIGKILL' });
        expect(client.messages.filter(waitsForRetry)).toHaveLength(1);
    });

    it('still is when the daemon was started anew, at once if the user wants it', async () => {
        const dataDir = temporaryFolder();
        const token = newToken();
        const first = await startTestDaemon({ dataDir, retryDelay: '1h' });
        const { client, jobId } = await send(first, token);
        await killKvazaar(client, jobId);
        const { retryAt } = (await client.wait(waitsForRetry)) as { retryAt?: string };
        await first.stop();
        gate.open();

        const second = await startTestDaemon({ dataDir });
        const back = await TestClient.connect(second.url, token);
        expect(await back.request({ type: 'job.get', jobId })).toMatchObject({
            job: { state: 'queued', retryAt, forecast: {}, failure: { signal: 'SIGKILL' } },
        });
        expect(await back.request({ type: 'job.retry', jobId })).toMatchObject({
            job: expect.not.objectContaining({ retryAt }) as object,
        });
        await back.waitForState(jobId, 'ready');
    });

    it('can be cancelled while it waits', async () => {
        const daemon = await startTestDaemon({ retryDelay: '1h' });
        const { client, jobId } = await send(daemon);
        await killKvazaar(client, jobId);
        await client.wait(waitsForRetry);
        expect(await client.request({ type: 'job.cancel', jobId })).toMatchObject({
            job: { state: 'cancelled' },
        });
    });
});

describe('the time of a retry', () => {
    const settings = { retries: 8, retryDelay: 30 } as Settings;
    const killed = { code: 'ENCODER_FAILED', message: '', transient: true };
    const secondsOf = (retries: number, failure = killed): number | undefined =>
        retryTime({ settings }, { retries }, failure, 0)?.valueOf();

    it('comes after twice as long each time, up to an hour', () => {
        expect([0, 1, 2, 6, 7, 8].map((retries) => secondsOf(retries))).toEqual([
            ...[30_000, 60_000, 120_000, 1_920_000, 3_600_000],
            undefined,
        ]);
    });

    it('never comes for what another attempt cannot mend', () => {
        const bad = { code: 'INPUT_DAMAGED', message: '' };
        expect(retryTime({ settings }, { retries: 0 }, bad, 0)).toBeUndefined();
    });
});
