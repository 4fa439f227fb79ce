import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Context } from '../../../src/daemon/context.js';
import type { Upload } from '../../../src/daemon/store/index.js';
import { takeLeafBuffer } from '../../../src/daemon/uploads/leaf-buffers.js';
import { LeafWriter, type WholeLeaf } from '../../../src/daemon/uploads/leaf-writer.js';
import { LEAF_BYTES } from '../../../src/protocol/limits.js';
import { newToken, startTestDaemon } from '../../helpers/daemon.js';

interface Scene {
    context: Context;
    upload: Upload;
    path: string;
    /** Whether a leaf is recorded. */
    has: (index: number) => boolean;
}

/** An upload of three leaves, the last of them short. */
async function openUpload(): Promise<Scene> {
    const { context } = await startTestDaemon();
    const { uploads } = context.store;
    const user = context.store.tokens.findOrOpen(newToken(), Date.now());
    const upload = uploads.create(user?.id ?? 0, 'f'.repeat(64), 2 * LEAF_BYTES + 3, Date.now());
    const path = join(context.folders.sources, upload.id);
    return { context, upload, path, has: (index) => uploads.hasLeaf(upload.id, index) };
}

async function openWriter({ context, upload }: Scene): Promise<LeafWriter> {
    const writer = await LeafWriter.open(context, upload);
    onTestFinished(async () => writer.close());
    return writer;
}

function leaf(content: number, length = LEAF_BYTES): WholeLeaf {
    const buffer = takeLeafBuffer();
    buffer.fill(content);
    return { buffer, length };
}

it('records what all chunks of an upload have written at the end of any', async () => {
    const scene = await openUpload();
    const one = await openWriter(scene);
    const other = await openWriter(scene);
    await Promise.all([
        one.write(0, leaf(1), undefined),
        other.write(2, leaf(3, 3), undefined),
        one.write(1, leaf(2), undefined),
    ]);
    other.record();
    expect([0, 1, 2].map(scene.has)).toEqual([true, true, true]);
    const file = readFileSync(scene.path);
    const wanted = [Buffer.alloc(LEAF_BYTES, 1), Buffer.alloc(LEAF_BYTES, 2), Buffer.alloc(3, 3)];
    expect(file.equals(Buffer.concat(wanted))).toBe(true);
});

it('tries again to record what it could not, and writes it once', async () => {
    const scene = await openUpload();
    const writer = await openWriter(scene);
    const addLeaves = vi.spyOn(scene.context.store.uploads, 'addLeaves');
    addLeaves.mockImplementation(() => {
        throw new Error('the database is full');
    });
    await writer.write(0, leaf(1), undefined);
    expect(() => writer.record()).toThrow('the database is full');
    await writer.write(0, leaf(9), undefined);
    addLeaves.mockRestore();
    writer.record();
    expect(scene.has(0)).toBe(true);
    expect(readFileSync(scene.path)[0]).toBe(1);
});

it('takes nothing more once the upload has ended', async () => {
    const scene = await openUpload();
    const { context, upload, path } = scene;
    const writer = await openWriter(scene);
    await writer.write(1, leaf(1), undefined);
    context.store.uploads.close(upload.id, 'cancelled');
    const ended = { code: 'UNKNOWN_UPLOAD' };
    await expect(writer.write(0, leaf(2), undefined)).rejects.toMatchObject(ended);
    await expect(LeafWriter.open(context, upload)).rejects.toMatchObject(ended);
    expect(existsSync(path)).toBe(false);
});
