import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { takeLeafBuffer, type LeafBuffer } from '../../../src/daemon/uploads/leaf-buffers.js';
import { LeafThread } from '../../../src/daemon/uploads/leaf-thread.js';
import { leafDigest } from '../../../src/protocol/file-id.js';
import { temporaryFolder } from '../../helpers/temporary.js';

const TEXT = Buffer.from('some bytes');

function leaf(): { buffer: LeafBuffer; length: number } {
    const buffer = takeLeafBuffer();
    buffer.set(TEXT);
    return { buffer, length: TEXT.length };
}

function startThread(url?: URL): LeafThread {
    const thread = new LeafThread(url);
    onTestFinished(() => thread.close());
    return thread;
}

function targetFile(): { path: string; fd: number } {
    const path = join(temporaryFolder(), 'target');
    writeFileSync(path, 'before');
    return { path, fd: openSync(path, 'r+') };
}

it('writes a leaf to its place and gives its digest', async () => {
    const thread = startThread();
    const { path, fd } = targetFile();
    const expected = leafDigest(TEXT).toString('hex');
    const target = { fd, position: 6 };
    const digests = await Promise.all([
        thread.store({ ...leaf(), expected, target }),
        thread.store({ ...leaf(), expected: undefined, target: { fd, position: 16 } }),
        thread.store({ ...leaf(), expected, target: undefined }),
    ]);
    for (const digest of digests) expect(digest?.toString('hex')).toBe(expected);
    expect(readFileSync(path, 'utf8')).toBe(`before${TEXT.toString()}${TEXT.toString()}`);
});

it('writes nothing of a leaf that has another digest', async () => {
    const thread = startThread();
    const { path, fd } = targetFile();
    const expected = leafDigest(Buffer.from('other bytes')).toString('hex');
    const task = { ...leaf(), expected, target: { fd, position: 0 } };
    await expect(thread.store(task)).resolves.toBeUndefined();
    expect(readFileSync(path, 'utf8')).toBe('before');
});

it('tells why a leaf could not be written, and goes on', async () => {
    const thread = startThread();
    const { path, fd } = targetFile();
    const reader = await open(path, 'r');
    onTestFinished(() => reader.close());
    const store = (fd: number): Promise<Buffer | undefined> =>
        thread.store({ ...leaf(), expected: undefined, target: { fd, position: 0 } });
    await expect(store(reader.fd)).rejects.toMatchObject({ code: 'EBADF' });
    await expect(store(fd)).resolves.toEqual(leafDigest(TEXT));
});

it('fails those that wait when it breaks', async () => {
    const thread = startThread(new URL('../no-such-file.js', import.meta.url));
    const store = (): Promise<Buffer | undefined> =>
        thread.store({ ...leaf(), expected: undefined, target: undefined });
    const [one, two] = await Promise.allSettled([store(), store()]);
    expect(one).toMatchObject({ status: 'rejected' });
    expect(two).toMatchObject({ status: 'rejected' });
});

it('does what it has before it ends, and takes no more', async () => {
    const thread = startThread();
    const { path, fd } = targetFile();
    const store = (position: number): Promise<Buffer | undefined> =>
        thread.store({ ...leaf(), expected: undefined, target: { fd, position } });
    const last = store(0);
    await thread.close();
    await expect(last).resolves.toEqual(leafDigest(TEXT));
    expect(readFileSync(path, 'utf8')).toBe(TEXT.toString());
    await expect(store(0)).rejects.toThrow('stopping');
});
