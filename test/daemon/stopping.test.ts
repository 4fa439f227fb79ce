/** How a daemon that is told to stop treats the jobs that run. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { Store } from '../../src/daemon/store/index.js';
import type { RunningDaemon } from '../../src/daemon/daemon.js';
import {
    FAST_OPTIONS,
    newToken,
    rawVideo,
    startTestDaemon,
    TestClient,
} from '../helpers/daemon.js';
import { gatedKvazaar } from '../helpers/gated-kvazaar.js';
import { sendJob } from '../helpers/jobs.js';

/** Frames and preset say how long the job takes. */
async function send(
    daemon: RunningDaemon,
    client: TestClient,
    token: string,
    frames: number,
    preset: string,
): Promise<string> {
    const request = { options: { ...FAST_OPTIONS, preset } };
    return (await sendJob(daemon, rawVideo(frames), { client, token, request })).jobId;
}

/** The states that are found in the database of a daemon that has stopped. */
function statesOf({ context }: RunningDaemon, jobIds: readonly string[]): unknown[] {
    const store = new Store(context.folders.database);
    const states = jobIds.map((jobId) => store.jobs.get(jobId)?.state);
    store.close();
    return states;
}

it('draining, it lets them end, tells why no other is started, and keeps those', async () => {
    const gate = gatedKvazaar();
    vi.stubEnv('KVZ_CLOUD_KVAZAAR', gate.path);
    onTestFinished(() => void vi.unstubAllEnvs());
    const token = newToken();
    const daemon = await startTestDaemon({ workers: 1 });
    const client = await TestClient.connect(daemon.url, token);
    const running = await send(daemon, client, token, 1, 'ultrafast');
    await client.waitForState(running, 'encoding');
    const waiting = await send(daemon, client, token, 1, 'ultrafast');
    const stopped = daemon.stop('drain');
    expect(await client.wait(({ type }) => type === 'queue')).toMatchObject({
        paused: { reason: 'stopping' },
    });
    gate.open();
    await stopped;
    await client.waitForClose();
    expect(client.messages.some(({ state }) => state === 'ready')).toBe(true);
    expect(statesOf(daemon, [running, waiting])).toEqual(['ready', 'queued']);
});

it('stopping while it drains, it puts them back', async () => {
    const token = newToken();
    const daemon = await startTestDaemon();
    const client = await TestClient.connect(daemon.url, token);
    const jobId = await send(daemon, client, token, 6000, 'placebo');
    await client.waitForState(jobId, 'encoding');
    const drained = daemon.stop('drain');
    await client.wait(({ type }) => type === 'queue');
    await daemon.stop();
    await drained;
    expect(statesOf(daemon, [jobId])).toEqual(['queued']);
});

it('within its grace period, it lets end what is about to, and nothing else', async () => {
    const token = newToken();
    const daemon = await startTestDaemon({ stopGrace: 30, threads: 2 });
    const client = await TestClient.connect(daemon.url, token);
    // With progress it is foretold to end soon, also on a machine that is slow.
    const short = await send(daemon, client, token, 700, 'fast');
    const long = await send(daemon, client, token, 12_000, 'placebo');
    for (const jobId of [short, long]) {
        await client.wait(
            (message) =>
                message.type === 'job.event' &&
                message.jobId === jobId &&
                message['progress'] !== undefined,
        );
    }
    await daemon.stop();
    expect(statesOf(daemon, [short, long])).toEqual(['ready', 'queued']);
});
