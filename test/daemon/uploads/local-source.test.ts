/** Chunks that the daemon is asked to read itself, by whoever asks, and whatever they say. */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readLocalKey } from '../../../src/config/local-key.js';
import type { Settings } from '../../../src/config/settings.js';
import type { RunningDaemon } from '../../../src/daemon/daemon.js';
import { copyChunk } from '../../../src/daemon/uploads/copy.js';
import { leafDigest } from '../../../src/protocol/file-id.js';
import { LEAF_BYTES } from '../../../src/protocol/limits.js';
import { localProof, type LocalSource } from '../../../src/protocol/local-source.js';
import { newToken, rawVideo, sendChunk, startTestDaemon } from '../../helpers/daemon.js';
import { askForJob, type AskedJob } from '../../helpers/jobs.js';
import { temporaryFolder } from '../../helpers/temporary.js';

interface Answer {
    status: number;
    code?: string;
    message?: string;
}

interface Asking {
    /** 1-based; the chunk is as long as all of the file by default. */
    number?: number;
    chunkSize?: number;
    uploadId?: string;
    token?: string;
    /** Differs from what is true. */
    said?: Partial<Record<keyof LocalSource, unknown>>;
    key?: Buffer;
    /** Instead of the digests of the file. */
    digests?: string;
    headers?: Record<string, string>;
}

interface Scene extends AskedJob {
    daemon: RunningDaemon;
    path: string;
    handle: FileHandle;
    ask: (asking?: Asking) => Promise<Answer>;
    received: () => number;
}

const digestsOf = (bytes: Buffer): string[] =>
    Array.from({ length: Math.ceil(bytes.length / LEAF_BYTES) }, (_, leaf) =>
        leafDigest(bytes.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES)).toString('hex'),
    );

/** An approved upload of 3 MiB and a bit that lies in a file, in a daemon whose workers take nothing. */
async function scene(settings: Partial<Settings> = {}): Promise<Scene> {
    const daemon = await startTestDaemon(settings);
    await daemon.context.queue.stop();
    const { store, folders } = daemon.context;
    const asked = await askForJob(daemon, rawVideo(513));
    const path = join(temporaryFolder(), 'clip.yuv');
    writeFileSync(path, asked.bytes);
    const handle = await open(path);
    onTestFinished(() => handle.close());
    const ask = async (asking: Asking = {}): Promise<Answer> => {
        const { number = 1, chunkSize = 4 * LEAF_BYTES } = asking;
        const { uploadId = asked.uploadId, token = asked.token } = asking;
        const offset = (number - 1) * chunkSize;
        const part = asked.bytes.subarray(offset, offset + chunkSize);
        const query = new URLSearchParams({
            resumableIdentifier: uploadId,
            resumableChunkNumber: String(number),
            resumableChunkSize: String(chunkSize),
            resumableTotalSize: String(asked.bytes.length),
        });
        const digests = asking.digests ?? digestsOf(part).join(',');
        const url = `/upload?${query.toString()}`;
        const { dev, ino, size, mtimeNs } = await handle.stat({ bigint: true });
        const source = JSON.stringify({
            ...{ pid: process.pid, fd: handle.fd, size: Number(size) },
            ...{ device: String(dev), inode: String(ino), mtimeNs: String(mtimeNs) },
            ...asking.said,
        });
        const key = asking.key ?? readLocalKey(folders.root) ?? Buffer.alloc(32);
        const response = await fetch(`${daemon.url}${url}`, {
            method: 'POST',
            headers: {
                authorization: `Bearer ${token}`,
                'kvz-leaf-digests': digests,
                'kvz-local-source': source,
                'kvz-local-proof': localProof(key, { url, digests, source }),
                ...asking.headers,
            },
        });
        const body = await response.text();
        return { status: response.status, ...(body && (JSON.parse(body) as object)) };
    };
    const received = (): number => {
        const upload = store.uploads.get(asked.uploadId);
        return upload?.state === 'open' ? store.uploads.receivedBytes(upload) : asked.bytes.length;
    };
    return { ...asked, daemon, path, handle, ask, received };
}

const REFUSED = { status: 403, code: 'LOCAL_SOURCE_REFUSED' };

describe('a chunk that the daemon is to read', () => {
    it('is read, checked and recorded as one that was sent', async () => {
        const { ask, received, daemon, uploadId, bytes, client, jobId } = await scene();
        expect(await ask({ number: 2, chunkSize: LEAF_BYTES })).toEqual({ status: 200 });
        expect(received()).toBe(LEAF_BYTES);
        expect(await ask()).toEqual({ status: 200 });
        await client.waitForState(jobId, 'queued');
        const arrived = readFileSync(join(daemon.context.folders.sources, uploadId));
        expect(arrived.equals(bytes)).toBe(true);
        // As for any chunk of a complete upload.
        expect(await ask()).toEqual({ status: 200 });
    });

    it('is not read where it is here', async () => {
        const { ask, daemon, uploadId, bytes, token, path, received } = await scene();
        const chunk = { token, uploadId, chunkSize: 2 * LEAF_BYTES, totalSize: bytes.length };
        const body = bytes.subarray(0, 2 * LEAF_BYTES);
        await sendChunk(daemon.url, { ...chunk, number: 1, body });
        // What would not fit any more is not looked at.
        const file = openSync(path, 'r+');
        writeFileSync(file, randomBytes(2 * LEAF_BYTES));
        expect(await ask({ chunkSize: 2 * LEAF_BYTES })).toEqual({ status: 200 });
        expect(received()).toBe(2 * LEAF_BYTES);
    });

    it('and has other bytes than were announced is corrupt', async () => {
        const { ask, received, bytes } = await scene();
        const digests = digestsOf(bytes);
        digests[2] = '0'.repeat(64);
        expect(await ask({ digests: digests.join(',') })).toMatchObject({
            status: 503,
            code: 'UPLOAD_CORRUPT',
        });
        expect(received()).toBeLessThanOrEqual(bytes.length - LEAF_BYTES);
        expect(await ask()).toEqual({ status: 200 });
    });

    it('must have its digests told', async () => {
        const { ask } = await scene();
        expect(await ask({ digests: '' })).toMatchObject({ code: 'UPLOAD_BAD_CHUNK' });
    });
});

describe('is refused', () => {
    it.each<[string, Asking]>([
        ['with another key', { key: randomBytes(32) }],
        ['with a proof of something else', { headers: { 'kvz-local-proof': '0'.repeat(64) } }],
        ['with no proof', { headers: { 'kvz-local-proof': '' } }],
        ['with text that is none', { headers: { 'kvz-local-source': '{' } }],
        ['through a proxy that says so', { headers: { 'x-forwarded-for': '127.0.0.1' } }],
        ['for another device', { said: { device: '0' } }],
        ['for another inode', { said: { inode: '1' } }],
        ['for another size', { said: { size: 5 } }],
        ['for another time of writing', { said: { mtimeNs: '1' } }],
        ['for a process that is not there', { said: { pid: 2 ** 31 } }],
        ['for a descriptor that is not open', { said: { fd: 2 ** 30 } }],
        ['for a path in place of a process', { said: { pid: 'self' } }],
        ['for a path in place of a descriptor', { said: { fd: '../../../etc/passwd' } }],
    ])('%s', async (_, asking) => {
        const { ask, received } = await scene();
        expect(await ask(asking)).toMatchObject(REFUSED);
        expect(received()).toBe(0);
    });

    it('for the file of another process that is not the one that was said', async () => {
        const { ask } = await scene();
        const other = spawn('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore'] });
        onTestFinished(() => void other.kill('SIGKILL'));
        expect(await ask({ said: { pid: other.pid, fd: 1 } })).toMatchObject(REFUSED);
    });

    it.each(['a folder', 'a pipe', 'a device'])('for %s', async (what) => {
        const { ask } = await scene();
        const folder = temporaryFolder();
        const pipe = join(folder, 'pipe');
        execFileSync('mkfifo', [pipe]);
        const path = { 'a folder': folder, 'a pipe': pipe }[what] ?? '/dev/null';
        const flags = what === 'a folder' ? constants.O_RDONLY : constants.O_RDWR;
        const other = await open(path, flags);
        onTestFinished(() => other.close());
        const { dev, ino, mtimeNs } = await other.stat({ bigint: true });
        const said = { device: String(dev), inode: String(ino), mtimeNs: String(mtimeNs) };
        expect(await ask({ said: { fd: other.fd, ...said } })).toMatchObject(REFUSED);
    });

    it('by a daemon that reads no files', async () => {
        const { ask, daemon } = await scene({ localCopy: false });
        expect(readLocalKey(daemon.context.folders.root)).toBeUndefined();
        expect(await ask()).toMatchObject(REFUSED);
    });
});

it('a foreign upload is as unknown as one that is not there', async () => {
    const { ask } = await scene();
    const token = newToken();
    const foreign = await ask({ token });
    expect(foreign).toMatchObject({ status: 404, code: 'UNKNOWN_UPLOAD' });
    expect(await ask({ token, uploadId: 'x'.repeat(16) })).toEqual(foreign);
});

it('a file that becomes shorter while it is read is corrupt, and what was read stays', async () => {
    const { ask, path, daemon, received } = await scene();
    const { unread } = daemon.context.leafThreads;
    const add = unread.add.bind(unread);
    let leaves = 0;
    // It has been opened and compared by then.
    unread.add = async (work) => {
        leaves += 1;
        if (leaves === 1) truncateSync(path, LEAF_BYTES);
        await add(work);
    };
    expect(await ask()).toMatchObject({ status: 503, code: 'UPLOAD_CORRUPT' });
    expect(received()).toBe(LEAF_BYTES);
});

it('the copy ends when the client goes, and what was read stays', async () => {
    const { daemon, uploadId, bytes, handle, received } = await scene();
    const { context } = daemon;
    const upload = context.store.uploads.get(uploadId);
    if (!upload) throw new Error('the upload is not there');
    const gone = new AbortController();
    const { unread } = context.leafThreads;
    const add = unread.add.bind(unread);
    unread.add = async (work) => {
        gone.abort();
        await add(work);
    };
    const place = { offset: 0, length: bytes.length, firstLeaf: 0, endLeaf: 4 };
    const copy = copyChunk(context, upload, place, handle, digestsOf(bytes), gone.signal);
    await expect(copy).rejects.toMatchObject({ code: 'UPLOAD_INTERRUPTED' });
    expect(received()).toBe(LEAF_BYTES);
});

it('files whose reading hangs do not hold up what is sent', async () => {
    const { daemon, uploadId, token, bytes } = await scene();
    const { unread } = daemon.context.leafThreads;
    let goOn: () => void = () => undefined;
    const hangs = new Promise<void>((resolve) => (goOn = resolve));
    let isFull = false;
    while (!isFull) {
        void unread.add(() => hangs);
        isFull = unread.room() !== undefined;
    }
    const chunk = { uploadId, token, number: 1, chunkSize: 4 * LEAF_BYTES };
    const sent = { ...chunk, totalSize: bytes.length, body: bytes };
    const { status } = await sendChunk(daemon.url, sent);
    expect(status).toBe(200);
    goOn();
});
