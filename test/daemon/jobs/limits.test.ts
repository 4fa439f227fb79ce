/** What a job may use at most: space, time, and the size of its result. */
import { join } from 'node:path';
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesToCome } from '../../../src/daemon/jobs/disk-watch.js';
import type { RunningDaemon } from '../../../src/daemon/daemon.js';
import { mountProblem, SmallDisk } from '../../faults/helpers/small-disk.js';
import {
    FAST_OPTIONS,
    newToken,
    rawFile,
    rawVideo,
    startTestDaemon,
    TestClient,
} from '../../helpers/daemon.js';
import { sendJob, type AskedJob } from '../../helpers/jobs.js';

/** Frames and preset say how long the job takes. */
const send = async (daemon: RunningDaemon, frames: number, preset: string): Promise<AskedJob> =>
    sendJob(daemon, rawVideo(frames), { request: { options: { ...FAST_OPTIONS, preset } } });

const hasProgress = (message: Record<string, unknown>): boolean =>
    message['type'] === 'job.event' && message['progress'] !== undefined;

const expectNothingLeft = ({ context: { folders } }: RunningDaemon): void => {
    expect([readdirSync(folders.work), readdirSync(folders.results)]).toEqual([[], []]);
};

describe('a job', () => {
    it('that takes too long fails, and is not tried again', async () => {
        const daemon = await startTestDaemon({ jobSeconds: 1 });
        const { client, jobId } = await send(daemon, 6000, 'placebo');
        const failed = await client.waitForState(jobId, 'failed');
        expect(failed['failure']).toMatchObject({ code: 'TIME_LIMIT' });
        expectNothingLeft(daemon);
    });

    it('whose result is too large fails, and is not tried again', async () => {
        const daemon = await startTestDaemon({ resultBytes: 100 });
        const { client, jobId } = await send(daemon, 20, 'ultrafast');
        const failed = await client.waitForState(jobId, 'failed');
        expect(failed['failure']).toMatchObject({ code: 'RESULT_TOO_LARGE' });
        expectNothingLeft(daemon);
    });
});

describe('what a job will still write', () => {
    const progress = { frame: 10, frames: 100 };
    it.each([
        ['is not known at its beginning', { state: 'probing', progress: undefined }, Infinity],
        ['grows with the frames to come', { state: 'encoding', progress }, 2900],
        ['is the rest of the copies at its end', { state: 'packaging', progress }, 200],
    ] as const)('%s', (_, job, expected) => {
        expect(bytesToCome(job, { all: 100, largest: 100 })).toBe(expected);
    });
});

const problem = mountProblem();
const reason = problem === undefined ? '' : ` (not tried here: ${problem})`;

describe.skipIf(problem !== undefined)(`a disk that fills up${reason}`, () => {
    const MIB = 1024 * 1024;

    it('pauses the queue, which says why; what it interrupts goes on when there is space', async () => {
        const disk = new SmallDisk(96);
        const dataDir = join(disk.folder, 'data');
        const daemon = await startTestDaemon({
            ...{ dataDir, retryDelay: 1, threads: 1 },
            freeSpaceFloor: 16 * MIB,
        });
        const { client, jobId } = await send(daemon, 2500, 'slow');
        await client.wait(hasProgress);
        // Nothing at all is left: neither for the stream, nor for the database.
        disk.fill();
        expect(
            await client.wait(({ type, paused }) => type === 'queue' && paused !== undefined),
        ).toMatchObject({
            paused: { reason: 'disk', message: expect.stringContaining('disk') as string },
        });
        const waiting = await client.request({
            ...{ type: 'encode.request', options: FAST_OPTIONS },
            file: rawFile(rawVideo(1)),
        });
        expect(waiting).toMatchObject({ code: 'NO_SPACE' });
        disk.relieve();
        const ready = await client.waitForState(jobId, 'ready');
        expect(ready['result']).toMatchObject({ frames: 2500 });
        expect(client.messages.findLast(({ type }) => type === 'queue')).not.toHaveProperty(
            'paused',
        );
        const { job: seen } = (await client.request({ type: 'job.get', jobId })) as {
            job?: { attempt: number };
        };
        expect(seen?.attempt).toBeGreaterThan(1);
        const { folders } = daemon.context;
        expect(readdirSync(folders.work)).toEqual([]);
        expect(readdirSync(folders.results)).toHaveLength(1);
    });

    it('starts no job while it is low, also after a restart', async () => {
        const disk = new SmallDisk(64);
        const dataDir = join(disk.folder, 'data');
        const daemon = await startTestDaemon({ dataDir, freeSpaceFloor: 1000 * MIB });
        const client = await TestClient.connect(daemon.url, newToken());
        expect(client.messages[0]).toMatchObject({ paused: { reason: 'disk' } });
    });
});
