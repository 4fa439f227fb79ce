import { describe, expect, it, vi } from 'vitest';
import { computeProof } from '../../src/protocol/proof.js';
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

interface Approval {
    id: string;
    chunkSize: number;
    received: [number, number][];
}
const uploadOf = (reply: object): Approval => (reply as { upload: Approval }).upload;

const request = (bytes: Uint8Array, options: object = FAST_OPTIONS): Record<string, unknown> => ({
    type: 'encode.request',
    file: rawFile(bytes),
    options,
});

describe('handshake', () => {
    it('approves, queues and rejects', async () => {
        const { url } = await startTestDaemon();
        const token = newToken();
        const client = await TestClient.connect(url, token);
        const bytes = rawVideo(512); // 3 MiB

        const first = await client.request(request(bytes));
        expect(first).toMatchObject({ status: 'approved', upload: { received: [] } });
        await sendAll(url, token, uploadOf(first).id, bytes);
        await client.waitForState(first.jobId, 'ready');

        const other = { ...FAST_OPTIONS, kvazaar: ['--qp', '40'] };
        const second = await client.request(request(bytes, other));
        expect(second).toMatchObject({ status: 'queued' });
        expect(second.jobId).not.toBe(first.jobId);

        const third = await client.request(request(bytes));
        expect(third).toMatchObject({
            status: 'rejected',
            code: 'DUPLICATE_REQUEST',
            jobId: first.jobId,
        });
        await client.waitForState(second.jobId, 'ready');
    });

    it('lets nothing be sent while a program is missing', async () => {
        const { url } = await startTestDaemon();
        const token = newToken();
        const client = await TestClient.connect(url, token);
        const bytes = rawVideo(512);
        const begun = await client.request(request(bytes));
        const other = request(rawVideo(512));
        const asked = [request(bytes), other, { ...other, type: 'encode.check' }];

        vi.stubEnv('KVZ_CLOUD_KVAZAAR', '/nowhere/kvazaar');
        try {
            for (const message of asked) {
                expect(await client.request(message)).toMatchObject({
                    status: 'rejected',
                    code: 'NOT_READY',
                });
            }
        } finally {
            vi.unstubAllEnvs();
        }
        expect((await client.request({ type: 'jobs.list' }))['jobs']).toHaveLength(1);
        expect(await client.request(request(bytes))).toMatchObject({
            ...{ status: 'approved', jobId: begun.jobId },
        });
    });

    it('tells what a request would lead to, and changes nothing', async () => {
        const { url } = await startTestDaemon();
        const token = newToken();
        const client = await TestClient.connect(url, token);
        const bytes = rawVideo(512);
        const check = async (options: object = FAST_OPTIONS): Promise<object> =>
            client.request({ ...request(bytes, options), type: 'encode.check' });
        expect(await check()).toMatchObject({ status: 'approved', receivedBytes: 0 });
        expect(await client.request({ type: 'jobs.list' })).toMatchObject({ jobs: [] });

        const first = await client.request(request(bytes));
        const { id } = uploadOf(first);
        const body = bytes.subarray(0, LEAF_BYTES);
        const chunk = { token, uploadId: id, number: 1, chunkSize: LEAF_BYTES, body };
        await sendChunk(url, { ...chunk, totalSize: bytes.length });
        expect(await check()).toMatchObject({ status: 'approved', receivedBytes: LEAF_BYTES });

        await sendAll(url, token, id, bytes);
        await client.waitForState(first.jobId, 'ready');
        expect(await check()).toMatchObject({
            ...{ status: 'rejected', code: 'DUPLICATE_REQUEST', jobId: first.jobId },
        });
        expect(await check({ ...FAST_OPTIONS, preset: 'fast' })).toMatchObject({
            status: 'queued',
        });
        expect(await check({ ...FAST_OPTIONS, preset: 'bogus' })).toMatchObject({
            status: 'rejected',
        });
        // What others have sent is not told.
        const stranger = await TestClient.connect(url, newToken());
        expect(await stranger.request({ ...request(bytes), type: 'encode.check' })).toMatchObject({
            status: 'approved',
            receivedBytes: 0,
        });
    });

    it('knows a request by what it means, not by how it is written', async () => {
        const { url, context } = await startTestDaemon();
        await context.queue.stop();
        const client = await TestClient.connect(url, newToken());
        const bytes = rawVideo(1);
        const spelled = (...kvazaar: string[]): object => ({ ...FAST_OPTIONS, kvazaar });
        const first = await client.request(request(bytes, spelled('--qp', '27', '--no-sao')));
        for (const options of [
            spelled('-q27', '--sao=off'),
            spelled('--no-sao', '--qp=30', '--qp', '27'),
        ]) {
            const again = await client.request(request(bytes, options));
            expect(again).toMatchObject({ jobId: first.jobId });
        }
        const different = await client.request(request(bytes, spelled('--qp', '28')));
        expect(different.jobId).not.toBe(first.jobId);
    });

    it('continues an interrupted upload with what is here', async () => {
        const { url, context } = await startTestDaemon();
        await context.queue.stop();
        const token = newToken();
        const client = await TestClient.connect(url, token);
        const bytes = rawVideo(512);
        const first = await client.request(request(bytes));
        const chunk = { token, uploadId: uploadOf(first).id, chunkSize: LEAF_BYTES };
        const body = bytes.subarray(LEAF_BYTES, 2 * LEAF_BYTES);
        await sendChunk(url, { ...chunk, number: 2, totalSize: bytes.length, body });

        const again = await (await TestClient.connect(url, token)).request(request(bytes));
        expect(again).toMatchObject({ status: 'approved', jobId: first.jobId });
        expect(uploadOf(again)).toEqual({
            ...uploadOf(first),
            received: [[LEAF_BYTES, 2 * LEAF_BYTES]],
        });
    });

    it('lets two requests for the same file share one upload', async () => {
        const { url } = await startTestDaemon();
        const token = newToken();
        const client = await TestClient.connect(url, token);
        const bytes = rawVideo(512);
        const [a, b] = await Promise.all([
            client.request(request(bytes)),
            client.request(request(bytes, { ...FAST_OPTIONS, kvazaar: ['--qp', '40'] })),
        ]);
        expect(uploadOf(a).id).toBe(uploadOf(b).id);
        await sendAll(url, token, uploadOf(a).id, bytes);
        await client.waitForState(a.jobId, 'ready');
        await client.waitForState(b.jobId, 'ready');
    });

    it('answers equal requests that come at once with one job', async () => {
        const { url } = await startTestDaemon();
        const client = await TestClient.connect(url, newToken());
        const bytes = rawVideo(1);
        const replies = await Promise.all(
            Array.from({ length: 8 }, () => client.request(request(bytes))),
        );
        expect(new Set(replies.map((reply) => reply.jobId)).size).toBe(1);
        expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set(['approved']));
    });

    it.each([
        ['an option value', { kvazaar: ['--qp', '99'] }, 'BAD_OPTIONS', /--qp.*99.*51/],
        ['a preset', { preset: 'warp' }, 'BAD_OPTIONS', /warp/],
        ['an option that writes files', { kvazaar: ['--debug', '/tmp/x'] }, 'BAD_OPTIONS', /debug/],
        ['an abbreviation', { kvazaar: ['--debu=/tmp/x'] }, 'BAD_OPTIONS', /debu/],
    ])('rejects %s that kvazaar must not get', async (_, options, code, message) => {
        const { url } = await startTestDaemon();
        const client = await TestClient.connect(url, newToken());
        const reply = await client.request(request(rawVideo(1), { ...FAST_OPTIONS, ...options }));
        expect(reply).toMatchObject({ status: 'rejected', code });
        expect(reply.message).toMatch(message);
        const validated = await client.request({
            type: 'options.validate',
            options: { ...FAST_OPTIONS, ...options },
        });
        expect(validated).toMatchObject({ type: 'error', code });
    });

    it.each([
        ['an empty file', { size: 0 }, {}, 'FILE_EMPTY'],
        ['a file over the limit', { size: 10_000_000 * 6144 }, {}, 'FILE_TOO_LARGE'],
        ['raw video that is cut off', { size: 6145 }, {}, 'RAW_SIZE_MISMATCH'],
        [
            'a file that does not fit',
            { size: 8_000_000 * 6144 },
            { freeSpaceFloor: '1000T' },
            'NO_SPACE',
        ],
        ['a file over the quota', { size: 6144 }, { userQuota: 6143 }, 'QUOTA_EXCEEDED'],
    ])('rejects %s', async (_, file, settings, code) => {
        const { url } = await startTestDaemon(settings);
        const client = await TestClient.connect(url, newToken());
        const message = request(rawVideo(1));
        const reply = await client.request({
            ...message,
            file: { ...(message['file'] as object), ...file },
        });
        expect(reply).toMatchObject({ status: 'rejected', code });
    });

    it('promises space and uploads only once', async () => {
        const { url, context } = await startTestDaemon({ uploadsPerUser: 1, userQuota: 2 * 6144 });
        await context.queue.stop();
        const client = await TestClient.connect(url, newToken());
        expect(await client.request(request(rawVideo(1)))).toMatchObject({ status: 'approved' });
        expect(await client.request(request(rawVideo(1)))).toMatchObject({
            code: 'TOO_MANY_UPLOADS',
        });
        const other = await TestClient.connect(url, newToken());
        expect(await other.request(request(rawVideo(3)))).toMatchObject({ code: 'QUOTA_EXCEEDED' });
    });
});

describe('a file that another user has sent', () => {
    async function withForeignFile(): Promise<{ url: string; bytes: Buffer; other: TestClient }> {
        const { url } = await startTestDaemon();
        const token = newToken();
        const owner = await TestClient.connect(url, token);
        const bytes = rawVideo(512);
        const reply = await owner.request(request(bytes));
        await sendAll(url, token, uploadOf(reply).id, bytes);
        await owner.waitForState(reply.jobId, 'ready');
        return { url, bytes, other: await TestClient.connect(url, newToken()) };
    }

    interface Challenge {
        id: string;
        nonce: string;
        leaves: number[];
    }
    const challengeOf = (reply: object): Challenge => (reply as { challenge: Challenge }).challenge;
    const leafBytes = (bytes: Buffer, index: number): Buffer =>
        bytes.subarray(index * LEAF_BYTES, (index + 1) * LEAF_BYTES);

    it('is given after a proof, and its result with it', async () => {
        const { bytes, other } = await withForeignFile();
        const reply = await other.request(request(bytes));
        expect(reply.status).toBe('challenge');
        const { id, nonce, leaves } = challengeOf(reply);
        const proof = await computeProof(
            nonce,
            leaves.map((leaf) => leafBytes(bytes, leaf)),
        );
        const proven = await other.request({ type: 'encode.prove', challenge: id, proof });
        expect(proven.status).toBe('queued');
        await other.waitForState(proven.jobId, 'ready');
        // The same options were encoded before: no worker has touched this job.
        expect(await other.request({ type: 'job.get', jobId: proven.jobId })).toMatchObject({
            job: { state: 'ready', attempt: 0 },
        });
    });

    it('looks like an unknown one to whoever cannot prove to have it', async () => {
        const { bytes, other } = await withForeignFile();
        const unknown = rawVideo(512);
        for (const each of [bytes, unknown]) {
            const reply = await other.request(request(each));
            expect(reply.status).toBe('challenge');
            const proven = await other.request({
                type: 'encode.prove',
                challenge: challengeOf(reply).id,
                proof: 'ab'.repeat(32),
            });
            expect(proven).toMatchObject({ status: 'approved', upload: { received: [] } });
        }
    });

    it('takes a challenge once, and only from the user who got it', async () => {
        const { url, bytes, other } = await withForeignFile();
        const { id } = challengeOf(await other.request(request(bytes)));
        const prove = { type: 'encode.prove', challenge: id, proof: 'ab'.repeat(32) };
        const stranger = await TestClient.connect(url, newToken());
        expect(await stranger.request(prove)).toMatchObject({ code: 'UNKNOWN_CHALLENGE' });
        expect(await other.request(prove)).toMatchObject({ status: 'approved' });
        expect(await other.request(prove)).toMatchObject({ code: 'UNKNOWN_CHALLENGE' });
    });
});
