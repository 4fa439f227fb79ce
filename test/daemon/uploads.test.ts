import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunningDaemon } from '../../src/daemon/daemon.js';
import { findPrograms } from '../../src/encoder/index.js';
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
    type ChunkRequest,
} from '../helpers/daemon.js';
import { askForJob } from '../helpers/jobs.js';
import { temporaryFolder } from '../helpers/temporary.js';

interface Scene {
    daemon: RunningDaemon;
    url: string;
    client: TestClient;
    token: string;
    bytes: Buffer;
    uploadId: string;
    jobId: string;
    /** Sends chunk `number` (1-based) of 1 MiB. */
    send: (number: number, change?: Partial<ChunkRequest>) => Promise<Response>;
    has: (number: number) => Promise<boolean>;
}

/** An approved upload of 3 MiB and a bit, in a daemon whose workers take nothing. */
async function approvedUpload(frames = 513): Promise<Scene> {
    const daemon = await startTestDaemon();
    await daemon.context.queue.stop();
    const { url } = daemon;
    const asked = await askForJob(daemon, rawVideo(frames));
    const { token, bytes, uploadId } = asked;
    const chunk = { token, uploadId, chunkSize: LEAF_BYTES, totalSize: bytes.length };
    return {
        ...asked,
        ...{ daemon, url },
        send: (number, change = {}) =>
            sendChunk(url, {
                ...chunk,
                number,
                body: bytes.subarray((number - 1) * LEAF_BYTES, number * LEAF_BYTES),
                ...change,
            }),
        has: async (number) =>
            (await sendChunk(url, { ...chunk, number, method: 'GET' })).status === 200,
    };
}

const stateOf = async ({ client, jobId }: Scene): Promise<unknown> =>
    ((await client.request({ type: 'job.get', jobId }))['job'] as { state: string }).state;

/** The file as it lies on the daemon's disk. */
const stored = ({ daemon, uploadId }: Scene): Buffer =>
    readFileSync(join(daemon.context.folders.sources, uploadId));

describe('an upload', () => {
    it('takes chunks in any order, twice, and all at once', async () => {
        const scene = await approvedUpload();
        const order = [4, 2, 2, 1, 3, 4, 1, 3];
        const statuses = await Promise.all(order.map(async (n) => (await scene.send(n)).status));
        expect(statuses).toEqual(order.map(() => 200));
        expect(await stateOf(scene)).toBe('queued');
        expect(stored(scene).equals(scene.bytes)).toBe(true);
        const events = scene.client.messages.filter(
            (message) => message.type === 'job.event' && message.state === 'queued',
        );
        expect(events).toHaveLength(1);
    });

    it('tells which chunks are here', async () => {
        const scene = await approvedUpload();
        expect(await scene.has(2)).toBe(false);
        await scene.send(2);
        expect(await scene.has(2)).toBe(true);
        expect(await scene.has(1)).toBe(false);
        // A chunk of another size is there when all of its leaves are.
        await scene.send(1);
        const { token, uploadId, bytes, url } = scene;
        const two = await sendChunk(url, {
            ...{ token, uploadId, method: 'GET', number: 1 },
            ...{ chunkSize: 2 * LEAF_BYTES, totalSize: bytes.length },
        });
        expect(two.status).toBe(200);
    });

    it('takes a last chunk that is up to twice as long, as Resumable.js sends it', async () => {
        const scene = await approvedUpload();
        await scene.send(1);
        await scene.send(2);
        const response = await scene.send(3, { body: scene.bytes.subarray(2 * LEAF_BYTES) });
        expect(response.status).toBe(200);
        expect(await stateOf(scene)).toBe('queued');
    });

    it('takes multipart bodies', async () => {
        const scene = await approvedUpload();
        for (const number of [1, 2, 3, 4]) {
            const form = new FormData();
            form.append('resumableChunkNumber', String(number));
            const from = (number - 1) * LEAF_BYTES;
            const part = scene.bytes.subarray(from, from + LEAF_BYTES);
            form.append('file', new Blob([Uint8Array.from(part)]), 'blob');
            const parameters = new URLSearchParams({
                resumableIdentifier: scene.uploadId,
                resumableChunkNumber: String(number),
                resumableChunkSize: String(LEAF_BYTES),
                resumableCurrentChunkSize: String(part.length),
                resumableTotalSize: String(scene.bytes.length),
            });
            const response = await fetch(`${scene.url}/upload?${parameters.toString()}`, {
                method: 'POST',
                headers: { authorization: `Bearer ${scene.token}` },
                body: form,
            });
            expect(response.status).toBe(200);
        }
        expect(stored(scene).equals(scene.bytes)).toBe(true);
        expect(await stateOf(scene)).toBe('queued');
    });

    it.each([
        ['a chunk past the end', 5, { body: Buffer.alloc(10) }, 400],
        ['a chunk number that is none', 0, {}, 400],
        ['a wrong total size', 1, { totalSize: 7 }, 400],
        ['a chunk size that is no multiple of a leaf', 1, { chunkSize: 1_000_000 }, 400],
        ['a chunk size over the limit', 1, { chunkSize: 128 * LEAF_BYTES }, 400],
        ['a chunk that is too short', 1, { body: Buffer.alloc(1000) }, 400],
        [
            'a body shorter than announced',
            1,
            { body: Buffer.alloc(9), currentSize: LEAF_BYTES },
            400,
        ],
        [
            'a body longer than announced',
            4,
            { body: Buffer.alloc(LEAF_BYTES), currentSize: 6144 },
            400,
        ],
        ['an upload that nobody approved', 1, { uploadId: 'x'.repeat(16) }, 404],
        ['an upload of another user', 1, { token: newToken() }, 404],
        ['a token that is too short', 1, { token: 'short' }, 401],
        ['another content type', 1, { headers: { 'content-type': 'text/plain' } }, 415],
        ['digests that are too few', 1, { headers: { 'kvz-leaf-digests': '' } }, 400],
    ])('refuses %s and loses nothing', async (_, number, change, status) => {
        const scene = await approvedUpload();
        await scene.send(2);
        const response = await scene.send(number, change);
        expect(response.status).toBe(status);
        expect(Object.keys((await response.json()) as object)).toEqual(['code', 'message']);
        expect(await scene.has(2)).toBe(true);
        await sendAll(scene.url, scene.token, scene.uploadId, scene.bytes);
        expect(stored(scene).equals(scene.bytes)).toBe(true);
        expect(await stateOf(scene)).toBe('queued');
    });

    it('asks again for a chunk that did not arrive as it was sent', async () => {
        const scene = await approvedUpload();
        const body = Buffer.from(scene.bytes.subarray(0, LEAF_BYTES));
        const digest = createHash('sha256').update(body).digest('hex');
        body.writeUInt8(body.readUInt8(77) ^ 1, 77);
        const headers = { 'kvz-leaf-digests': digest };
        const response = await scene.send(1, { body, headers });
        expect(response.status).toBe(503);
        expect(response.headers.get('retry-after')).not.toBeNull();
        expect(await response.json()).toMatchObject({ code: 'UPLOAD_CORRUPT' });
        expect(await scene.has(1)).toBe(false);
        expect((await scene.send(1, { headers })).status).toBe(200);
    });

    it('never writes over a leaf that is here', async () => {
        const scene = await approvedUpload();
        await scene.send(1);
        expect((await scene.send(1, { body: Buffer.alloc(LEAF_BYTES) })).status).toBe(200);
        expect(
            stored(scene).subarray(0, LEAF_BYTES).equals(scene.bytes.subarray(0, LEAF_BYTES)),
        ).toBe(true);
    });

    it('fails when what arrived is not the announced file', async () => {
        const scene = await approvedUpload();
        for (const number of [1, 2, 3]) await scene.send(number);
        const body = Buffer.alloc(scene.bytes.length - 3 * LEAF_BYTES);
        await scene.send(4, { body });
        const { job } = (await scene.client.request({ type: 'job.get', jobId: scene.jobId })) as {
            job?: { state: string; failure: { code: string } };
        };
        expect(job).toMatchObject({ state: 'failed', failure: { code: 'FILE_MISMATCH' } });
        expect(existsSync(join(scene.daemon.context.folders.sources, scene.uploadId))).toBe(false);
        expect((await scene.send(1)).status).toBe(404);
    });

    it('answers for one that is finished as for a chunk that is here', async () => {
        const scene = await approvedUpload();
        await sendAll(scene.url, scene.token, scene.uploadId, scene.bytes);
        expect((await scene.send(1)).status).toBe(200);
        expect(await scene.has(1)).toBe(true);
    });

    it('ends with its job when that is cancelled, and its space is given back', async () => {
        const scene = await approvedUpload();
        await scene.send(1);
        await scene.client.request({ type: 'job.cancel', jobId: scene.jobId });
        expect((await scene.send(2)).status).toBe(404);
        expect(existsSync(join(scene.daemon.context.folders.sources, scene.uploadId))).toBe(false);
        expect(scene.daemon.context.store.uploads.reservedBytes()).toBe(0);
    });

    it.each(['completed', 'cancelled'])(
        'that was %s takes nothing from a chunk still on its way',
        async (end) => {
            const scene = await approvedUpload();
            const { bytes, token, uploadId, url, daemon } = scene;
            const parameters = new URLSearchParams({
                resumableIdentifier: uploadId,
                resumableChunkNumber: '1',
                resumableChunkSize: String(LEAF_BYTES),
                resumableCurrentChunkSize: String(LEAF_BYTES),
                resumableTotalSize: String(bytes.length),
            });
            const slow = httpRequest(`${url}/upload?${parameters.toString()}`, {
                method: 'POST',
                headers: {
                    authorization: `Bearer ${token}`,
                    'content-type': 'application/octet-stream',
                    'content-length': LEAF_BYTES,
                },
            });
            const answered = new Promise((resolve) => {
                slow.on('response', (response) => resolve(response.statusCode));
            });
            // Other bytes than the file's, without digests: only their place in time is wrong.
            const path = join(daemon.context.folders.sources, uploadId);
            slow.write(Buffer.alloc(LEAF_BYTES - 1, 'x'));
            while (!existsSync(path)) await new Promise((resolve) => setImmediate(resolve));
            if (end === 'completed') await sendAll(url, token, uploadId, bytes);
            else await scene.client.request({ type: 'job.cancel', jobId: scene.jobId });
            slow.end('x');
            expect(await answered).toBe(end === 'completed' ? 200 : 404);
            if (end === 'completed') expect(stored(scene).equals(bytes)).toBe(true);
            else expect(existsSync(path)).toBe(false);
        },
    );

    it('keeps the whole leaves of a chunk that broke off', async () => {
        const scene = await approvedUpload();
        const { bytes, token, uploadId, url } = scene;
        const chunkSize = 3 * LEAF_BYTES;
        const parameters = new URLSearchParams({
            resumableIdentifier: uploadId,
            resumableChunkNumber: '1',
            resumableChunkSize: String(chunkSize),
            resumableCurrentChunkSize: String(bytes.length),
            resumableTotalSize: String(bytes.length),
        });
        const request = httpRequest(`${url}/upload?${parameters.toString()}`, {
            method: 'POST',
            headers: {
                authorization: `Bearer ${token}`,
                'content-type': 'application/octet-stream',
                'content-length': bytes.length,
            },
        });
        request.on('error', () => undefined);
        request.write(bytes.subarray(0, 2 * LEAF_BYTES + 5));
        while (!(await scene.has(2))) await new Promise((resolve) => setImmediate(resolve));
        request.destroy();
        expect(await scene.has(1)).toBe(true);
        expect(await scene.has(3)).toBe(false);
        await scene.send(3);
        await scene.send(4);
        expect(stored(scene).equals(bytes)).toBe(true);
        expect(await stateOf(scene)).toBe('queued');
    });
});

describe('while a container is still on its way', () => {
    const CHUNK = 5 * LEAF_BYTES;

    /** Sends the first chunk of a file that is announced as a container, and waits for its job. */
    async function failureOfBeginning(bytes: Buffer, settings = {}): Promise<unknown> {
        const { url } = await startTestDaemon(settings);
        const token = newToken();
        const client = await TestClient.connect(url, token);
        const { id, size } = rawFile(bytes);
        const reply = await client.request({
            type: 'encode.request',
            file: { id, size, name: 'clip.mkv', kind: 'container' },
            options: FAST_OPTIONS,
        });
        const response = await sendChunk(url, {
            ...{ token, uploadId: (reply['upload'] as { id: string }).id, number: 1 },
            ...{ chunkSize: CHUNK, totalSize: bytes.length, body: bytes.subarray(0, CHUNK) },
        });
        expect(response.status).toBe(200);
        return (await client.waitForState(reply.jobId, 'failed'))['failure'];
    }

    it('refuses what is no video', async () => {
        const text = Buffer.alloc(9 * LEAF_BYTES, 'This is not a video. ');
        expect(await failureOfBeginning(text)).toMatchObject({ code: 'INPUT_NOT_MEDIA' });
    });

    it('refuses what lasts too long', async () => {
        const path = join(temporaryFolder(), 'long.mkv');
        execFileSync(findPrograms().ffmpeg, [
            ...[
                '-v',
                'error',
                '-f',
                'lavfi',
                '-i',
                'testsrc2=size=640x360:rate=25,noise=alls=40:allf=t',
            ],
            ...['-t', '20', '-c:v', 'mpeg2video', '-q:v', '2', path],
        ]);
        const bytes = readFileSync(path);
        expect(bytes.length).toBeGreaterThan(2 * CHUNK);
        const failure = await failureOfBeginning(bytes, { durationSeconds: 10 });
        expect(failure).toMatchObject({ code: 'INPUT_TOO_LONG' });
    });
});
