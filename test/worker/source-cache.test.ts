import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { fileIdOf } from '../../src/protocol/file-id.js';
import { SourceCache, SourceDamagedError } from '../../src/worker/remote/source-cache.js';
import { temporaryFolder } from '../helpers/temporary.js';

const MIB = 1024 * 1024;
const { signal } = new AbortController();

async function openCache(maxBytes = 100 * MIB): Promise<[SourceCache, string]> {
    const folder = temporaryFolder();
    const cache = new SourceCache(folder, maxBytes);
    await cache.open();
    return [cache, folder];
}

/** A daemon that counts how often it is asked, and whose connections break off where told to. */
function sender(bytes: Buffer, ...breaks: number[]) {
    const offsets: number[] = [];
    const fetch = async (offset: number): Promise<Readable> => {
        offsets.push(offset);
        const end = breaks[offsets.length - 1];
        const isBroken = end !== undefined;
        async function* body() {
            const part = bytes.subarray(offset, end);
            for (let at = 0; at < part.length; at += 100_000) yield part.subarray(at, at + 100_000);
            if (isBroken) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
        }
        return Readable.from(body());
    };
    return { offsets, fetch };
}

it('fetches a file once, over broken connections, and keeps it', async () => {
    const [cache, folder] = await openCache();
    const bytes = randomBytes(3 * MIB + 17);
    const id = fileIdOf(bytes);
    const { fetch, offsets } = sender(bytes, 1_000_000, 2_500_001);
    const first = await cache.get(id, bytes.length, fetch, signal);
    expect(readFileSync(first.path).equals(bytes)).toBe(true);
    expect(offsets).toEqual([0, 1_000_000, 2_500_001]);
    await first.release();
    await cache.get(id, bytes.length, fetch, signal);
    expect(offsets).toHaveLength(3);
    expect(readdirSync(folder)).toEqual([id]);
});

it('lets jobs that want the same file share the fetching', async () => {
    const [cache] = await openCache();
    const bytes = randomBytes(MIB);
    const { fetch, offsets } = sender(bytes);
    const id = fileIdOf(bytes);
    await Promise.all([1, 2, 3].map(async () => cache.get(id, bytes.length, fetch, signal)));
    expect(offsets).toEqual([0]);
});

it('fetches for the second job when the first is cancelled', async () => {
    const [cache] = await openCache();
    const bytes = randomBytes(MIB);
    const id = fileIdOf(bytes);
    const ending = new AbortController();
    let asked = (): void => undefined;
    const wasAsked = new Promise<void>((resolve) => (asked = resolve));
    const never = async (_offset: number, stop: AbortSignal): Promise<Readable> => {
        asked();
        return new Promise((_, reject) => {
            stop.addEventListener('abort', () => reject(stop.reason as Error));
        });
    };
    const first = cache.get(id, bytes.length, never, ending.signal);
    await wasAsked;
    const second = cache.get(id, bytes.length, sender(bytes).fetch, signal);
    ending.abort(new Error('cancelled'));
    await expect(first).rejects.toThrow('cancelled');
    expect(readFileSync((await second).path).equals(bytes)).toBe(true);
});

it.each([
    ['other bytes', (bytes: Buffer) => randomBytes(bytes.length)],
    ['more than there should be', (bytes: Buffer) => Buffer.concat([bytes, bytes])],
])('does not take %s', async (_, change) => {
    const [cache, folder] = await openCache();
    const bytes = randomBytes(MIB);
    const { fetch } = sender(change(bytes));
    await expect(cache.get(fileIdOf(bytes), bytes.length, fetch, signal)).rejects.toThrow(
        SourceDamagedError,
    );
    expect(readdirSync(folder)).toEqual([]);
});

it('drops what was used longest ago, and nothing that is in use', async () => {
    const [cache, folder] = await openCache(2 * MIB);
    const files = Array.from({ length: 4 }, () => randomBytes(MIB));
    const held = [];
    for (const [age, bytes] of files.entries()) {
        const id = fileIdOf(bytes);
        held.push(await cache.get(id, bytes.length, sender(bytes).fetch, signal));
        const used = new Date(Date.now() - (10 - age) * 60_000);
        utimesSync(join(folder, id), used, used);
    }
    expect(readdirSync(folder)).toHaveLength(4);
    for (const source of held.slice(1)) await source.release();
    const kept = [0, 2, 3].map((index) => fileIdOf(files[index] ?? Buffer.alloc(0)));
    expect(readdirSync(folder).toSorted()).toEqual(kept.toSorted());
});

it('clears what an earlier process left unfinished', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, `${'0'.repeat(64)}.part`), 'half');
    await new SourceCache(folder, MIB).open();
    expect(readdirSync(folder)).toEqual([]);
});
