import { randomBytes } from 'node:crypto';
import { readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashFile } from '../../src/client/hash.js';
import { HttpClient } from '../../src/client/http.js';
import { openInput } from '../../src/client/input-file.js';
import type { InputFile } from '../../src/client/input-file.js';
import { DEFAULT_PATIENCE } from '../../src/client/patience.js';
import { Uploader } from '../../src/client/uploader.js';
import type { UploaderOptions } from '../../src/client/uploader.js';
import { LEAF_BYTES } from '../../src/protocol/limits.js';
import { FakeDaemon } from '../cli/helpers/fake-daemon.js';
import type { FakeUpload } from '../cli/helpers/fake-daemon.js';
import { temporaryFolder } from '../helpers/temporary.js';

const SIZE = 5 * LEAF_BYTES + 777;
const CHUNKS = 6;
const FAST = { firstMs: 2, maxMs: 10 };
const LONG_AGO = new Date('2020-01-01T00:00:00Z');

let daemon: FakeDaemon;
let client: HttpClient;
let file: InputFile;
let digests: Uint8Array;
let upload: FakeUpload;

beforeEach(async () => {
    const path = join(temporaryFolder(), 'clip.mp4');
    writeFileSync(path, randomBytes(SIZE));
    utimesSync(path, LONG_AGO, LONG_AGO);
    file = await openInput(path);
    const hash = await hashFile(file);
    digests = hash.digests;
    daemon = await new FakeDaemon().listen();
    client = new HttpClient(daemon.url, daemon.token);
    const job = daemon.addJob({ size: SIZE, fileId: hash.id });
    upload = {
        id: 'up1',
        jobId: job.id,
        fileId: hash.id,
        bytes: Buffer.alloc(SIZE),
        ranges: [],
        storedBytes: 0,
        attempts: new Map(),
    };
    daemon.uploads.set('up1', upload);
});

afterEach(async () => {
    client.close();
    await file.handle.close();
    await daemon.close();
});

function uploader(options: UploaderOptions = {}): Uploader {
    const approval = {
        id: 'up1',
        url: '/upload',
        chunkSize: LEAF_BYTES,
        received: [...upload.ranges],
    };
    return new Uploader(client, file, digests, approval, { retry: FAST, ...options });
}

const never = new AbortController().signal;

function attempts(): number[] {
    return Array.from({ length: CHUNKS }, (_, index) => upload.attempts.get(index + 1) ?? 0);
}

function expectWhole(): void {
    expect(upload.bytes.equals(readFileSync(file.absolutePath))).toBe(true);
    expect(daemon.job(upload.jobId).state).toBe('ready');
}

describe('an upload', () => {
    it('that others help with sends nothing twice, but what is on its way at once', async () => {
        // Chunks 3 to 6 come from somebody else as soon as the first one has arrived.
        daemon.chunkFault = ({ attempt }) => {
            if (attempt === 1 && upload.ranges.length === 0) {
                const from = 2 * LEAF_BYTES;
                readFileSync(file.absolutePath).copy(upload.bytes, from, from);
                upload.ranges = [[from, SIZE]];
            }
            return undefined;
        };
        const sender = uploader({ maxInFlight: 1 });
        await sender.run(never);
        expectWhole();
        expect(attempts()).toEqual([1, 1, 0, 0, 0, 0]);
        expect(sender.uploadedBytes).toBe(2 * LEAF_BYTES);
    });

    it('arrives whole, each chunk once, several at a time', async () => {
        const told: number[] = [];
        const sender = uploader({ onProgress: (bytes) => told.push(bytes) });
        daemon.holdChunk = async ({ number }) => {
            if (number === 1) await daemon.until(() => daemon.chunksInFlight > 1);
        };
        expect(await sender.run(never)).toBe('stored');
        expectWhole();
        expect(attempts()).toEqual([1, 1, 1, 1, 1, 1]);
        expect(sender.uploadedBytes).toBe(SIZE);
        expect(told.at(-1)).toBe(SIZE);
        expect(Math.max(...told)).toBe(SIZE);
    });

    it('never has more chunks in flight than it may', async () => {
        await uploader({ maxInFlight: 1 }).run(never);
        expectWhole();
        expect(daemon.maxChunksInFlight).toBe(1);
    });

    it('sends only what is missing', async () => {
        const first = 2 * LEAF_BYTES;
        readFileSync(file.absolutePath).copy(upload.bytes, 0, 0, first);
        // Half of a chunk that is there does not count.
        upload.ranges = [[0, first + LEAF_BYTES / 2]];
        const sender = uploader();
        await sender.run(never);
        expectWhole();
        expect(attempts()).toEqual([0, 0, 1, 1, 1, 1]);
        expect(sender.uploadedBytes).toBe(SIZE - first);
    });

    it.each([
        ['503', () => ({ status: 503, code: 'UPLOAD_INTERRUPTED' })],
        ['502 of a proxy', () => ({ status: 502, code: '' })],
        ['a connection cut at once', () => ({ cut: 0 })],
        ['a connection cut in the middle', () => ({ cut: LEAF_BYTES / 2 })],
    ])('tries again after %s', async (_name, fault) => {
        const troubles: (string | undefined)[] = [];
        daemon.chunkFault = ({ number, attempt }) =>
            number % 2 === 0 && attempt <= 2 ? fault() : undefined;
        const sender = uploader({ onTrouble: (error) => troubles.push(error?.code) });
        expect(await sender.run(never)).toBe('stored');
        expectWhole();
        expect(sender.uploadedBytes).toBe(SIZE);
        expect(troubles[0]).toBeDefined();
        expect(troubles.at(-1)).toBeUndefined();
    });

    it('tries again when the server hangs', async () => {
        daemon.chunkFault = ({ number, attempt }) =>
            number === 3 && attempt === 1 ? { hang: true } : undefined;
        await uploader({ patience: { ...DEFAULT_PATIENCE, inactivityMs: 500 } }).run(never);
        expectWhole();
        // On a busy machine others may be taken for hanging, too.
        expect(attempts()[2]).toBeGreaterThan(1);
    });

    it('waits as long as the server asks', async () => {
        daemon.chunkFault = ({ number, attempt }) =>
            number === 1 && attempt === 1
                ? { status: 503, code: 'NO_SPACE', retryAfter: '0.3' }
                : undefined;
        const startedMs = Date.now();
        await uploader({ maxInFlight: 1 }).run(never);
        expectWhole();
        expect(Date.now() - startedMs).toBeGreaterThanOrEqual(295);
    });

    it('sends a chunk again that was corrupted on its way', async () => {
        let corrupted = false;
        daemon.chunkFault = ({ number }) => {
            if (number !== 4 || corrupted) return undefined;
            corrupted = true;
            return { status: 503, code: 'UPLOAD_CORRUPT' };
        };
        await uploader().run(never);
        expectWhole();
        expect(attempts()[3]).toBe(2);
    });

    it.each([
        [400, 'UPLOAD_BAD_CHUNK'],
        [413, 'FILE_TOO_LARGE'],
        [401, 'NOT_AUTHORISED'],
    ])('gives up at once on %i %s', async (status, code) => {
        daemon.chunkFault = ({ number }) =>
            number === 2 ? { status, code, message: 'not this' } : undefined;
        await expect(uploader().run(never)).rejects.toMatchObject({ code, message: 'not this' });
        expect(attempts()[1]).toBe(1);
    });

    it('ends when the upload is closed', async () => {
        daemon.chunkFault = ({ number }) =>
            number === 3 ? { status: 404, code: 'UNKNOWN_UPLOAD' } : undefined;
        expect(await uploader().run(never)).toBe('closed');
    });

    it('gives up when nothing arrives for too long', async () => {
        daemon.chunkFault = () => ({ status: 503, code: 'INTERNAL', message: 'no' });
        await expect(
            uploader({ patience: { ...DEFAULT_PATIENCE, giveUpMs: 30 } }).run(never),
        ).rejects.toMatchObject({
            code: 'UNREACHABLE',
            message: 'the upload makes no progress: no',
        });
    });

    it('stops when it is told to', async () => {
        const controller = new AbortController();
        const reason = new Error('stop');
        daemon.chunkFault = ({ number }) => {
            if (number === 2) controller.abort(reason);
            return number === 2 ? { hang: true } : undefined;
        };
        await expect(uploader().run(controller.signal)).rejects.toBe(reason);
    });
});

describe('a file that changes while it is sent', () => {
    it('is an error when its content is another', async () => {
        const bytes = readFileSync(file.absolutePath);
        bytes.writeUInt8(bytes.readUInt8(4 * LEAF_BYTES) ^ 1, 4 * LEAF_BYTES);
        writeFileSync(file.absolutePath, bytes);
        await expect(uploader().run(never)).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    });

    it('is an error even when its time of writing was put back', async () => {
        const bytes = readFileSync(file.absolutePath);
        bytes.writeUInt8(bytes.readUInt8(4 * LEAF_BYTES) ^ 1, 4 * LEAF_BYTES);
        writeFileSync(file.absolutePath, bytes);
        utimesSync(file.absolutePath, LONG_AGO, LONG_AGO);
        await expect(uploader().run(never)).rejects.toMatchObject({ code: 'FILE_CHANGED' });
        expect(attempts()[4]).toBe(0);
    });

    it('is an error when it is cut short', async () => {
        truncateSync(file.absolutePath, 3 * LEAF_BYTES);
        await expect(uploader().run(never)).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    });

    it('is no error when only its time has changed', async () => {
        utimesSync(file.absolutePath, new Date(), new Date());
        expect(await uploader().run(never)).toBe('stored');
        expectWhole();
    });
});

describe('after the daemon was away', () => {
    it('what it has forgotten is sent again, what others sent is not', async () => {
        const sender = uploader({ maxInFlight: 1 });
        let asked = false;
        daemon.chunkFault = ({ number }) => {
            if (number !== 4 || asked) return undefined;
            asked = true;
            // It has lost the second chunk, and got the last from elsewhere.
            const all = readFileSync(file.absolutePath);
            all.copy(upload.bytes, 5 * LEAF_BYTES, 5 * LEAF_BYTES);
            upload.ranges = [
                [0, LEAF_BYTES],
                [2 * LEAF_BYTES, 3 * LEAF_BYTES],
                [5 * LEAF_BYTES, SIZE],
            ];
            sender.reconcile({
                id: 'up1',
                url: '/upload',
                chunkSize: LEAF_BYTES,
                received: upload.ranges,
            });
            return { cut: 0 };
        };
        await sender.run(never);
        expectWhole();
        expect(attempts()).toEqual([1, 2, 1, 2, 1, 0]);
    });
});
