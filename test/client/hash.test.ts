import { randomBytes } from 'node:crypto';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hashFile } from '../../src/client/hash.js';
import { openInput } from '../../src/client/input-file.js';
import type { InputFile } from '../../src/client/input-file.js';
import { fileIdOf, leafDigest } from '../../src/protocol/file-id.js';
import { LEAF_BYTES } from '../../src/protocol/limits.js';
import { temporaryFolder } from '../helpers/temporary.js';

async function withFile<T>(bytes: Buffer, work: (file: InputFile) => Promise<T>): Promise<T> {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, bytes);
    const file = await openInput(path);
    try {
        return await work(file);
    } finally {
        await file.handle.close();
    }
}

const SIZES = [
    1,
    LEAF_BYTES - 1,
    LEAF_BYTES,
    LEAF_BYTES + 1,
    4 * LEAF_BYTES,
    4 * LEAF_BYTES + 1,
    9 * LEAF_BYTES + 12_345,
];

describe('hashing a file', () => {
    it.each(SIZES)('gives the tree hash of %i bytes, inline and in threads', async (size) => {
        const bytes = randomBytes(size);
        await withFile(bytes, async (file) => {
            const inline = await hashFile(file);
            const one = await hashFile(file, { threads: 1 });
            const three = await hashFile(file, { threads: 3 });
            expect(inline.id).toBe(fileIdOf(bytes));
            expect(one).toEqual(inline);
            expect(three).toEqual(inline);
        });
    });

    it('keeps the digests of the leaves in order', async () => {
        const bytes = randomBytes(2 * LEAF_BYTES + 5);
        await withFile(bytes, async (file) => {
            const { digests } = await hashFile(file, { threads: 2 });
            const last = leafDigest(bytes.subarray(2 * LEAF_BYTES));
            expect(Buffer.from(digests.subarray(64))).toEqual(last);
        });
    });

    it.each([undefined, 2])('notices a file that shrinks (threads: %s)', async (threads) => {
        await withFile(randomBytes(6 * LEAF_BYTES), async (file) => {
            truncateSync(file.absolutePath, LEAF_BYTES);
            const hashing = hashFile(file, threads ? { threads } : {});
            await expect(hashing).rejects.toMatchObject({ code: 'FILE_CHANGED' });
        });
    });

    it('notices a file that is written to meanwhile', async () => {
        await withFile(randomBytes(LEAF_BYTES), async (file) => {
            writeFileSync(file.absolutePath, randomBytes(LEAF_BYTES));
            await expect(hashFile(file)).rejects.toMatchObject({ code: 'FILE_CHANGED' });
        });
    });

    it('stops when it is told to', async () => {
        await withFile(randomBytes(8 * LEAF_BYTES), async (file) => {
            const reason = new Error('stop');
            const signal = AbortSignal.abort(reason);
            await expect(hashFile(file, { signal })).rejects.toBe(reason);
            await expect(hashFile(file, { signal, threads: 2 })).rejects.toBe(reason);
        });
    });

    it('tells when its threads cannot run', async () => {
        const missing = new URL('./no-such-worker.js', import.meta.url);
        await withFile(randomBytes(LEAF_BYTES), async (file) => {
            const hashing = hashFile(file, { threads: 1, workerUrl: missing });
            await expect(hashing).rejects.toThrow(fileURLToPath(missing));
        });
    });
});
