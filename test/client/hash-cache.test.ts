import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HashCache } from '../../src/client/hash-cache.js';
import { hashFile } from '../../src/client/hash.js';
import { openInput } from '../../src/client/input-file.js';
import type { InputFile } from '../../src/client/input-file.js';
import { temporaryFolder } from '../helpers/temporary.js';

const LONG_AGO = new Date('2020-01-01T00:00:00Z');

function write(path: string, content: string, time = LONG_AGO): void {
    writeFileSync(path, content);
    utimesSync(path, time, time);
}

async function withInput<T>(path: string, work: (file: InputFile) => Promise<T>): Promise<T> {
    const file = await openInput(path);
    try {
        return await work(file);
    } finally {
        await file.handle.close();
    }
}

async function remember(cache: HashCache, path: string, nowMs = Date.now()): Promise<string> {
    return withInput(path, async (file) => {
        const hash = await hashFile(file);
        await cache.put(file, hash, nowMs);
        return hash.id;
    });
}

describe('remembered hashes', () => {
    it('are found again by another process for an unchanged file', async () => {
        const folder = temporaryFolder();
        const path = join(folder, 'a');
        write(path, 'content');
        const id = await remember(new HashCache(folder), path);
        await withInput(path, async (file) => {
            expect(await new HashCache(folder).get(file)).toEqual({
                id,
                digests: (await hashFile(file)).digests,
            });
        });
    });

    it.each([
        ['its time', (path: string) => utimesSync(path, LONG_AGO, new Date('2021-01-01'))],
        ['its size', (path: string) => write(path, 'longer content')],
    ])('are not taken when the file has changed in %s', async (_what, change) => {
        const folder = temporaryFolder();
        const path = join(folder, 'a');
        write(path, 'content');
        const cache = new HashCache(folder);
        await remember(cache, path);
        change(path);
        expect(await withInput(path, (file) => cache.get(file))).toBeUndefined();
    });

    it('are not taken when the entry is damaged', async () => {
        const folder = temporaryFolder();
        const path = join(folder, 'a');
        write(path, 'content');
        const cache = new HashCache(folder);
        await remember(cache, path);
        const [entry = ''] = readdirSync(join(folder, 'file-ids'));
        writeFileSync(join(folder, 'file-ids', entry), 'garbage');
        expect(await withInput(path, (file) => cache.get(file))).toBeUndefined();
    });

    it('leave out files that were written just now, whose time may not tell a change', async () => {
        const folder = temporaryFolder();
        const path = join(folder, 'a');
        const now = new Date();
        write(path, 'content', now);
        const cache = new HashCache(folder);
        await remember(cache, path, now.getTime());
        expect(await withInput(path, (file) => cache.get(file))).toBeUndefined();
    });

    it('are limited in number; what was used last stays', async () => {
        const folder = temporaryFolder();
        const cache = new HashCache(folder, 3);
        for (const name of ['a', 'b', 'c', 'd', 'e']) {
            write(join(folder, name), name);
            await remember(cache, join(folder, name));
        }
        expect(readdirSync(join(folder, 'file-ids'))).toHaveLength(3);
        const known = await withInput(join(folder, 'e'), (file) => cache.get(file));
        expect(known).toBeDefined();
    });

    it('cost nothing but time when the folder cannot be written', async () => {
        const folder = temporaryFolder();
        const path = join(folder, 'a');
        write(path, 'content');
        // A file where the folder should be.
        const cache = new HashCache(path);
        await remember(cache, path);
        expect(await withInput(path, (file) => cache.get(file))).toBeUndefined();
    });
});
