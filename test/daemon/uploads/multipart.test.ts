/** Multipart bodies that end in the wrong place. */
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { request as httpRequest, type ClientRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { LEAF_BYTES } from '../../../src/protocol/limits.js';
import { rawVideo, startTestDaemon } from '../../helpers/daemon.js';
import { askForJob } from '../../helpers/jobs.js';

const HEAD = '--border\r\nContent-Disposition: form-data; name="file"; filename="blob"\r\n\r\n';
const TAIL = '\r\n--border--\r\n';
/** 2.5 MiB and a bit, in one chunk. */
const BYTES = rawVideo(430);

/** Handles of this process, which is the daemon's, on the upload's file; only Linux tells. */
function openHandles(uploadId: string): number {
    if (!existsSync('/proc/self/fd')) return 0;
    return readdirSync('/proc/self/fd').filter((fd) => {
        try {
            return readlinkSync(`/proc/self/fd/${fd}`).includes(uploadId);
        } catch {
            return false;
        }
    }).length;
}

async function scene() {
    const daemon = await startTestDaemon();
    await daemon.context.queue.stop();
    const { token, uploadId } = await askForJob(daemon, BYTES);
    const query = new URLSearchParams({
        resumableIdentifier: uploadId,
        resumableChunkNumber: '1',
        resumableChunkSize: String(2 * LEAF_BYTES),
        resumableCurrentChunkSize: String(BYTES.length),
        resumableTotalSize: String(BYTES.length),
    });
    const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'multipart/form-data; boundary=border',
    };
    const { uploads } = daemon.context.store;
    return { address: `${daemon.url}/upload?${query.toString()}`, headers, uploadId, uploads };
}

describe('a multipart chunk', () => {
    it('whose connection breaks off keeps its whole leaves and holds nothing open', async () => {
        const { address, headers, uploadId, uploads } = await scene();
        const request = httpRequest(address, { method: 'POST', headers });
        request.on('error', () => undefined);
        request.write(HEAD);
        request.write(BYTES.subarray(0, 2 * LEAF_BYTES + 7));
        await expect.poll(() => uploads.get(uploadId)?.leaves).toBe(2);
        request.destroy();
        await expect.poll(() => openHandles(uploadId)).toBe(0);
        expect(uploads.get(uploadId)).toMatchObject({ state: 'open', leaves: 2 });
    });

    it.each([
        ['the connection breaks off', (request: ClientRequest) => request.destroy()],
        ['more comes than was announced', (request: ClientRequest) => request.end(`x${TAIL}`)],
    ])('that completes the upload completes it, also when then %s', async (_, end) => {
        const { address, headers, uploadId, uploads } = await scene();
        const request = httpRequest(address, { method: 'POST', headers });
        request.on('error', () => undefined);
        request.write(HEAD);
        request.write(BYTES);
        await expect.poll(() => uploads.get(uploadId)?.leaves).toBe(3);
        expect(uploads.get(uploadId)?.state).toBe('open');
        end(request);
        await expect.poll(() => uploads.get(uploadId)?.state).toBe('complete');
        await expect.poll(() => openHandles(uploadId)).toBe(0);
    });

    it.each([
        ['ends before its border', [HEAD, BYTES.subarray(0, LEAF_BYTES + 7)], 1],
        ['has no bytes', [HEAD, TAIL], 0],
        ['has no file', [HEAD.replace('"file"', '"other"'), BYTES, TAIL], 0],
        ['is no form at all', ['hello'], 0],
    ])('that %s is refused and holds nothing open', async (_, parts, leaves) => {
        const { address, headers, uploadId, uploads } = await scene();
        const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
        const response = await fetch(address, { method: 'POST', headers, body });
        expect(response.status).toBe(400);
        expect(await response.json()).toMatchObject({ code: 'UPLOAD_BAD_CHUNK' });
        await expect.poll(() => openHandles(uploadId)).toBe(0);
        expect(uploads.get(uploadId)).toMatchObject({ state: 'open', leaves });
        const whole = new Blob([HEAD, Uint8Array.from(BYTES), TAIL]);
        expect((await fetch(address, { method: 'POST', headers, body: whole })).status).toBe(200);
        expect(uploads.get(uploadId)?.state).toBe('complete');
    });
});
