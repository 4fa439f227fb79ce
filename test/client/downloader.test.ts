import { createHash, randomBytes } from 'node:crypto';
import {
    existsSync,
    linkSync,
    readFileSync,
    readdirSync,
    renameSync,
    rmSync,
    statSync,
    symlinkSync,
    writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download } from '../../src/client/downloader.js';
import type { DownloadOptions } from '../../src/client/downloader.js';
import { HttpClient } from '../../src/client/http.js';
import { FakeDaemon } from '../cli/helpers/fake-daemon.js';
import type { Fault } from '../cli/helpers/fake-daemon.js';
import { temporaryFolder } from '../helpers/temporary.js';

const RESULT = randomBytes(300_000);

let daemon: FakeDaemon;
let client: HttpClient;
let output: string;

beforeEach(async () => {
    daemon = await new FakeDaemon({ result: RESULT }).listen();
    client = new HttpClient(daemon.url, daemon.token);
    output = join(temporaryFolder(), 'out.mkv');
});

afterEach(async () => {
    client.close();
    await daemon.close();
});

async function get(
    options: Partial<DownloadOptions> = {},
    outputBytes = RESULT.length,
    sha256?: string,
): Promise<boolean> {
    const result = {
        url: '/jobs/abc/result',
        outputBytes,
        ...(sha256 === undefined ? {} : { sha256 }),
    };
    return download(client, result, output, {
        force: false,
        retry: { firstMs: 2, maxMs: 10 },
        ...options,
    });
}

const DIGEST = createHash('sha256').update(RESULT).digest('hex');

/** The output is as before, and no temporary file is left. */
function expectNothingLeft(names: string[] = []): void {
    expect(readdirSync(dirname(output))).toEqual(names);
}

/** Downloads until this many bytes are here, and is interrupted. @returns the part that is left */
async function interrupted(bytes: number): Promise<string> {
    const controller = new AbortController();
    const kept: [string, number][] = [];
    daemon.resultFault = () => ({ stall: bytes });
    const onProgress = (received: number): void => {
        if (received >= bytes) controller.abort(new Error('stop'));
    };
    const { signal } = controller;
    const options = { resumable: true, signal, onProgress };
    const onKept = (path: string, size: number): void => void kept.push([path, size]);
    await expect(get({ ...options, onKept }, RESULT.length, DIGEST)).rejects.toThrow('stop');
    daemon.resultFault = () => undefined;
    const [path, size] = kept[0] ?? ['', 0];
    expect(size).toBe(bytes);
    expect(readFileSync(path).equals(RESULT.subarray(0, bytes))).toBe(true);
    expectNothingLeft([basename(path)]);
    return path;
}

const stallAt = (bytes: number | undefined): Fault | undefined =>
    bytes === undefined ? undefined : { stall: bytes };

/** Breaks the connection when so many bytes are here, each time once: none is lost on its way. */
function cutAt(ends: readonly number[]): (received: number) => void {
    const left = [...ends];
    return (received) => {
        if (received !== left[0]) return;
        left.shift();
        daemon.cut();
    };
}

const resume = (): Promise<boolean> => get({ resumable: true }, RESULT.length, DIGEST);

describe('a download that was interrupted', () => {
    it('goes on from what it has left, as the same delivery', async () => {
        await interrupted(100_000);
        await interrupted(150_000);
        await resume();
        expect(readFileSync(output).equals(RESULT)).toBe(true);
        expectNothingLeft(['out.mkv']);
        expect(daemon.resultRanges).toEqual([undefined, 'bytes=100000-', 'bytes=150000-']);
        expect(new Set(daemon.deliveries).size).toBe(1);
    });

    it('asks for nothing where all is here', async () => {
        const part = await interrupted(100_000);
        writeFileSync(part, RESULT);
        await resume();
        expect(readFileSync(output).equals(RESULT)).toBe(true);
        expect(daemon.resultRanges).toEqual([undefined]);
    });

    it.each([
        ['other bytes', (part: string) => writeFileSync(part, Buffer.alloc(100_000))],
        ['other bytes in full', (part: string) => writeFileSync(part, Buffer.alloc(300_000))],
        ['too many bytes', (part: string) => writeFileSync(part, Buffer.alloc(300_001))],
        ['no bytes', (part: string) => writeFileSync(part, '')],
    ])('is fetched anew where the part has %s', async (_, spoil) => {
        spoil(await interrupted(100_000));
        await resume();
        expect(readFileSync(output).equals(RESULT)).toBe(true);
        expectNothingLeft(['out.mkv']);
        expect(daemon.resultRanges.at(-1)).toBeUndefined();
    });

    it.each([
        ['symlinkSync', symlinkSync],
        ['linkSync', linkSync],
    ])('never writes through a link that was laid in the place of a part (%s)', async (_, lay) => {
        const part = await interrupted(100_000);
        const other = join(temporaryFolder(), 'other');
        writeFileSync(other, 'mine');
        rmSync(part);
        lay(other, part);
        await resume();
        expect(readFileSync(output).equals(RESULT)).toBe(true);
        expect(readFileSync(other, 'utf8')).toBe('mine');
    });

    it('leaves parts of other results alone', async () => {
        const part = await interrupted(100_000);
        const other = join(dirname(part), `out.mkv.${'0'.repeat(16)}-12345678.part`);
        renameSync(part, other);
        await resume();
        expectNothingLeft(['out.mkv', basename(other)]);
        expect(daemon.resultRanges).toEqual([undefined, undefined]);
    });

    it('is taken up by one of several', async () => {
        await interrupted(100_000);
        const force = { force: true, resumable: true };
        await Promise.all([1, 2].map(() => get(force, RESULT.length, DIGEST)));
        expect(readFileSync(output).equals(RESULT)).toBe(true);
        expectNothingLeft(['out.mkv']);
        const [, ...later] = daemon.resultRanges;
        // The other one begins anew, unless all was here when it looked.
        expect(later.filter((range) => range !== undefined)).toEqual(['bytes=100000-']);
    });

    it('leaves nothing where that is not wanted, or another failure ends it', async () => {
        await interrupted(100_000);
        daemon.resultFault = () => ({ status: 410, code: 'RESULT_GONE', message: 'gone' });
        await expect(resume()).rejects.toMatchObject({ code: 'RESULT_GONE' });
        expectNothingLeft();
    });
});

describe('a download', () => {
    it('puts the whole result in its place', async () => {
        const told: number[] = [];
        await get({ onProgress: (bytes) => told.push(bytes) });
        expect(readFileSync(output).equals(RESULT)).toBe(true);
        expect(told.at(-1)).toBe(RESULT.length);
        expectNothingLeft(['out.mkv']);
    });

    it('goes on where a broken connection ended', async () => {
        const ends = [100_000, 200_000];
        daemon.resultFault = (n) => stallAt(ends[n - 1]);
        await get({ onProgress: cutAt(ends) });
        expect(readFileSync(output).equals(RESULT)).toBe(true);
        expect(daemon.resultRanges).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
    });

    it('tries again when the server is busy', async () => {
        daemon.resultFault = (n) => (n === 1 ? { status: 503, code: 'SHUTTING_DOWN' } : undefined);
        await get();
        expect(readFileSync(output).equals(RESULT)).toBe(true);
    });

    it('never writes into the file of another one', async () => {
        // Half of the one is there, and its temporary file with it, when the other comes.
        let begun = (): void => undefined;
        const half = new Promise<void>((resolve) => (begun = resolve));
        const first = get({ force: true, onProgress: () => begun() });
        await half;
        await Promise.all([first, get({ force: true })]);
        expect(readFileSync(output).equals(RESULT)).toBe(true);
        expectNothingLeft(['out.mkv']);
    });

    it('replaces a file only when that is wanted', async () => {
        writeFileSync(output, 'mine');
        await expect(get()).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
        expect(readFileSync(output, 'utf8')).toBe('mine');
        expectNothingLeft(['out.mkv']);
        await get({ force: true });
        expect(readFileSync(output).equals(RESULT)).toBe(true);
    });

    it.each([false, true])(
        'leaves an output that is this very result (--force: %s)',
        async (force) => {
            writeFileSync(output, RESULT);
            const before = statSync(output, { bigint: true });
            expect(await get({ force }, RESULT.length, DIGEST)).toBe(false);
            const after = statSync(output, { bigint: true });
            expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
            expect(daemon.resultRanges).toEqual([]);
            // Another one of the same size is told apart.
            const other = Buffer.from(RESULT);
            other.writeUInt8(other.readUInt8(7) ^ 1, 7);
            writeFileSync(output, other);
            const again = get({ force }, RESULT.length, DIGEST);
            if (force) expect(await again).toBe(true);
            else await expect(again).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
            expect(readFileSync(output).equals(force ? RESULT : other)).toBe(true);
        },
    );

    it('is fetched again when it did not arrive as it was sent', async () => {
        // The first part of a broken connection is kept, with a byte that is not the result's.
        const good = daemon.result.readUInt8(3);
        daemon.resultFault = (n) => {
            daemon.result.writeUInt8(n === 1 ? good ^ 1 : good, 3);
            return n === 1 ? stallAt(100_000) : undefined;
        };
        await get({ onProgress: cutAt([100_000]) }, RESULT.length, DIGEST);
        expect(readFileSync(output).equals(RESULT)).toBe(true);
        expect(daemon.resultRanges).toEqual([undefined, 'bytes=100000-', undefined]);
    });

    it('does not replace a file that has come into being meanwhile', async () => {
        const writeOnce = (): void => {
            if (!existsSync(output)) writeFileSync(output, 'mine');
        };
        await expect(get({ onProgress: writeOnce })).rejects.toMatchObject({
            code: 'OUTPUT_EXISTS',
        });
        expect(readFileSync(output, 'utf8')).toBe('mine');
        expectNothingLeft(['out.mkv']);
    });

    it.each([
        ['longer than was said', RESULT.length - 1],
        ['shorter than was said', RESULT.length + 1],
    ])('is refused when it is %s', async (_name, outputBytes) => {
        await expect(get({}, outputBytes)).rejects.toMatchObject({ code: 'INTERNAL' });
        expectNothingLeft();
    });

    it('tells that a result is gone', async () => {
        daemon.resultFault = () => ({ status: 410, code: 'RESULT_GONE', message: 'gone' });
        await expect(get()).rejects.toMatchObject({ code: 'RESULT_GONE', message: 'gone' });
        expectNothingLeft();
    });

    it('tells that the folder is not there', async () => {
        rmSync(dirname(output), { recursive: true });
        await expect(get()).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    });

    it('gives up when nothing comes for too long', async () => {
        daemon.resultFault = () => ({ status: 503, code: 'INTERNAL', message: 'no' });
        await expect(
            get({ patience: { inactivityMs: 60_000, giveUpMs: 20 } }),
        ).rejects.toMatchObject({ code: 'UNREACHABLE' });
        expectNothingLeft();
    });

    it('leaves nothing when it is interrupted', async () => {
        const controller = new AbortController();
        const reason = new Error('stop');
        daemon.resultFault = () => ({ cut: 1_000 });
        const onProgress = (): void => controller.abort(reason);
        await expect(get({ signal: controller.signal, onProgress })).rejects.toBe(reason);
        expectNothingLeft();
    });

    it('sends the token nowhere else', async () => {
        const elsewhere = download(
            client,
            { url: 'http://127.0.0.1:1/x', outputBytes: 1 },
            output,
            {
                force: false,
            },
        );
        await expect(elsewhere).rejects.toThrow('is not an address at');
    });
});
