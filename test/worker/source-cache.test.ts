import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { KvzError } from '../../src/protocol/errors.js';
import { fileIdOf } from '../../src/protocol/file-id.js';
import { SourceCache, type CachedSource } from '../../src/worker/remote/source-cache.js';
import type { FetchSource } from '../../src/worker/remote/source-fetch.js';
import { mountProblem, SmallDisk } from '../faults/helpers/small-disk.js';
import { temporaryFolder } from '../helpers/temporary.js';

const MIB = 1024 * 1024;
const { signal } = new AbortController();

async function openCache(maxBytes = 100 * MIB): Promise<[SourceCache, string]> {
    const folder = temporaryFolder();
    const cache = new SourceCache(folder, maxBytes);
    await cache.prepare();
    return [cache, folder];
}

/** Follows a source to its end. @returns its bytes */
async function follow({ path, arrival }: CachedSource, stop = signal): Promise<Buffer> {
    if (!arrival) return readFileSync(path);
    const parts: Uint8Array[] = [];
    for (let offset = 0; ;) {
        const part = await arrival.read(offset, stop);
        if (part.length === 0) return Buffer.concat(parts);
        parts.push(part);
        offset += part.length;
    }
}

/** The source of a job that ends with the test at the latest. */
async function opened(
    cache: SourceCache,
    bytes: Buffer,
    fetch: FetchSource,
): Promise<CachedSource> {
    const source = await cache.open(fileIdOf(bytes), bytes.length, fetch);
    onTestFinished(source.release);
    return source;
}

/** The file when it is here. */
async function get(cache: SourceCache, bytes: Buffer, fetch: FetchSource): Promise<CachedSource> {
    const source = await opened(cache, bytes, fetch);
    await source.arrival?.read(bytes.length, signal);
    return source;
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
    const { fetch, offsets } = sender(bytes, 1_000_000, 2_500_001);
    const first = await opened(cache, bytes, fetch);
    expect(first.arrival).toMatchObject({ sizeBytes: bytes.length, isComplete: false });
    expect((await follow(first)).equals(bytes)).toBe(true);
    expect(first.arrival).toMatchObject({ bytes: bytes.length, isComplete: true });
    expect(readFileSync(first.path).equals(bytes)).toBe(true);
    expect(offsets).toEqual([0, 1_000_000, 2_500_001]);
    await first.release();
    const second = await opened(cache, bytes, fetch);
    expect(second.arrival).toBeUndefined();
    expect(offsets).toHaveLength(3);
    expect(readdirSync(folder)).toEqual([fileIdOf(bytes)]);
});

it('lets jobs that want the same file share the fetching', async () => {
    const [cache] = await openCache();
    const bytes = randomBytes(MIB);
    const { fetch, offsets } = sender(bytes);
    const sources = await Promise.all([1, 2, 3].map(async () => opened(cache, bytes, fetch)));
    const seen = await Promise.all(sources.map(async (source) => follow(source)));
    expect(seen.map((each) => each.equals(bytes))).toEqual([true, true, true]);
    expect(offsets).toEqual([0]);
    for (const source of sources) await source.release();
});

/** A connection that brings the first bytes and then nothing, until it is given up. */
function hanging(bytes: Buffer): FetchSource {
    return async (_offset, stop) => {
        const body = new Readable({ read: () => undefined });
        body.push(bytes);
        stop.addEventListener('abort', () => body.destroy(stop.reason as Error));
        return body;
    };
}

it('goes on for the second job where the first one was when it was cancelled', async () => {
    const [cache] = await openCache();
    const bytes = randomBytes(2 * MIB);
    const first = await opened(cache, bytes, hanging(bytes.subarray(0, 70_000)));
    await first.arrival?.read(69_999, signal);
    const { fetch, offsets } = sender(bytes);
    const second = await opened(cache, bytes, fetch);
    await first.release();
    expect((await follow(second)).equals(bytes)).toBe(true);
    expect(offsets).toEqual([70_000]);
});

it('leaves nothing of what nobody wants any more, and begins anew for the next', async () => {
    const [cache, folder] = await openCache();
    const bytes = randomBytes(MIB);
    const first = await opened(cache, bytes, hanging(bytes.subarray(0, 9)));
    await first.arrival?.read(8, signal);
    const leaving = first.release();
    const { fetch, offsets } = sender(bytes);
    const second = await get(cache, bytes, fetch);
    await leaving;
    expect(offsets).toEqual([0]);
    await second.release();
    expect(readdirSync(folder)).toEqual([fileIdOf(bytes)]);
});

it('tells a job that the daemon refuses it the source, and goes on for others', async () => {
    const [cache] = await openCache();
    const bytes = randomBytes(MIB);
    const refusal = new KvzError('UNKNOWN_JOB', 'this attempt is over');
    const refused = await opened(cache, bytes, async () => {
        throw refusal;
    });
    const other = await opened(cache, bytes, sender(bytes).fetch);
    await expect(follow(refused)).rejects.toBe(refusal);
    await refused.release();
    expect((await follow(other)).equals(bytes)).toBe(true);
});

it('ends the waiting of a job that is cancelled while nothing comes', async () => {
    const [cache, folder] = await openCache();
    const bytes = randomBytes(MIB);
    const source = await opened(cache, bytes, hanging(bytes.subarray(0, 9)));
    const ending = new AbortController();
    const waiting = follow(source, ending.signal);
    ending.abort();
    await expect(waiting).rejects.toThrow('abort');
    await source.release();
    expect(readdirSync(folder)).toEqual([]);
});

it.each([
    ['other bytes', (bytes: Buffer) => randomBytes(bytes.length)],
    ['more than there should be', (bytes: Buffer) => Buffer.concat([bytes, bytes])],
])('does not take %s', async (_, change) => {
    const [cache, folder] = await openCache();
    const bytes = randomBytes(MIB);
    const { fetch } = sender(change(bytes));
    const source = await opened(cache, bytes, fetch);
    await expect(follow(source)).rejects.toMatchObject({ code: 'INPUT_LOST', transient: true });
    expect(source.arrival?.isComplete).toBe(false);
    await source.release();
    expect(readdirSync(folder)).toEqual([]);
});

it('drops what was used longest ago, and nothing that is in use', async () => {
    const [cache, folder] = await openCache(2 * MIB);
    const files = Array.from({ length: 4 }, () => randomBytes(MIB));
    const held = [];
    for (const [age, bytes] of files.entries()) {
        const id = fileIdOf(bytes);
        held.push(await get(cache, bytes, sender(bytes).fetch));
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
    await new SourceCache(folder, MIB).prepare();
    expect(readdirSync(folder)).toEqual([]);
});

it.skipIf(mountProblem() !== undefined)(
    'says that the disk of the worker is full, and leaves nothing on it',
    async () => {
        const { folder } = new SmallDisk(1);
        const cache = new SourceCache(folder, MIB);
        await cache.prepare();
        const bytes = randomBytes(2 * MIB);
        const source = await opened(cache, bytes, sender(bytes).fetch);
        await expect(follow(source)).rejects.toMatchObject({ code: 'DISK_FULL', transient: true });
        await source.release();
        expect(readdirSync(folder)).toEqual([]);
    },
);
