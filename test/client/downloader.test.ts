import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download } from '../../src/client/downloader.js';
import type { DownloadOptions } from '../../src/client/downloader.js';
import { HttpClient } from '../../src/client/http.js';
import { FakeDaemon } from '../cli/helpers/fake-daemon.js';
import { temporaryFolder } from '../cli/helpers/temporary-folder.js';

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
): Promise<void> {
    await download(client, { url: '/jobs/abc/result', outputBytes }, output, {
        force: false,
        retry: { firstMs: 2, maxMs: 10 },
        ...options,
    });
}

/** The output is as before, and no temporary file is left. */
function expectNothingLeft(names: string[] = []): void {
    expect(readdirSync(dirname(output))).toEqual(names);
}

describe('a download', () => {
    it('puts the whole result in its place', async () => {
        const told: number[] = [];
        await get({ onProgress: (bytes) => told.push(bytes) });
        expect(readFileSync(output).equals(RESULT)).toBe(true);
        expect(told.at(-1)).toBe(RESULT.length);
        expectNothingLeft(['out.mkv']);
    });

    it('goes on where a broken connection ended', async () => {
        daemon.resultFault = (n) => (n <= 2 ? { cut: 100_000 } : undefined);
        await get();
        expect(readFileSync(output).equals(RESULT)).toBe(true);
        // Of what was on its way when the connection broke, some may be lost.
        const [first, ...offsets] = daemon.resultRanges.map((range) =>
            range === undefined ? undefined : Number(/^bytes=(\d+)-$/.exec(range)?.[1]),
        );
        expect(first).toBeUndefined();
        expect(offsets).toHaveLength(2);
        expect(offsets[0]).toBeGreaterThan(0);
        expect(offsets[1]).toBeGreaterThan(offsets[0] ?? 0);
    });

    it('tries again when the server is busy', async () => {
        daemon.resultFault = (n) => (n === 1 ? { status: 503, code: 'SHUTTING_DOWN' } : undefined);
        await get();
        expect(readFileSync(output).equals(RESULT)).toBe(true);
    });

    it('replaces a file only when that is wanted', async () => {
        writeFileSync(output, 'mine');
        await expect(get()).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
        expect(readFileSync(output, 'utf8')).toBe('mine');
        expectNothingLeft(['out.mkv']);
        await get({ force: true });
        expect(readFileSync(output).equals(RESULT)).toBe(true);
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
