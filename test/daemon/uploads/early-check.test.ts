/** What the beginning of an upload tells of jobs that take it for different things. */
import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { LEAF_BYTES } from '../../../src/protocol/limits.js';
import { FAST_OPTIONS, rawFile, sendChunk, startTestDaemon } from '../../helpers/daemon.js';
import { askForJob } from '../../helpers/jobs.js';

it('ends the job that takes raw video for a container, and not the one that knows', async () => {
    const daemon = await startTestDaemon();
    await daemon.context.queue.stop();
    // Six leaves of noise: four are enough to see that this is no container.
    const bytes = randomBytes(1024 * 6 * 1024);
    const raw = await askForJob(daemon, bytes);
    const { client, token, uploadId } = raw;
    const { id, size } = rawFile(bytes);
    const mistaken = await client.request({
        ...{ type: 'encode.request', options: FAST_OPTIONS },
        file: { id, size, name: 'clip.mp4', kind: 'container' },
    });
    expect(mistaken).toMatchObject({ status: 'approved', upload: { id: uploadId } });

    const send = async (number: number): Promise<number> => {
        const body = bytes.subarray((number - 1) * LEAF_BYTES, number * LEAF_BYTES);
        const chunk = { token, uploadId, number, chunkSize: LEAF_BYTES, totalSize: bytes.length };
        return (await sendChunk(daemon.url, { ...chunk, body })).status;
    };
    for (const number of [1, 2, 3, 4]) expect(await send(number)).toBe(200);
    const failed = await client.waitForState(mistaken.jobId, 'failed');
    expect(failed['failure']).toMatchObject({ code: 'INPUT_NOT_MEDIA' });

    // The upload goes on for the other.
    for (const number of [5, 6]) expect(await send(number)).toBe(200);
    await client.waitForState(raw.jobId, 'queued');
    expect(daemon.context.store.jobs.get(String(mistaken.jobId))?.state).toBe('failed');
});
