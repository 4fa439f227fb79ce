import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { GulpPipe, nextWaitMs } from '../../src/encoder/gulps.js';
import type { LaunchCommand } from '../../src/encoder/launcher.js';
import { startProcess } from '../../src/encoder/process.js';
import { temporaryFolder } from '../helpers/temporary.js';

const { PATH } = process.env;
afterEach(() => {
    process.env['PATH'] = PATH;
});

/** Runs a shell script whose stderr is read in gulps. @returns the gulps, in order */
async function said(
    script: string,
    onGulp: (answer: () => void) => void = () => undefined,
    folder = temporaryFolder(),
): Promise<Buffer[]> {
    const pipe = await GulpPipe.open(folder);
    if (!pipe) throw new Error('there is no mkfifo here');
    const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', pipe.writeEnd] });
    const gulps: Buffer[] = [];
    pipe.start((chunk) => {
        gulps.push(Buffer.from(chunk));
        onGulp(() => child.stdin?.write('go on\n'));
    });
    await once(child, 'close');
    pipe.finish();
    return gulps;
}

const text = (gulps: Buffer[]): string => Buffer.concat(gulps).toString('utf8');

test('all that a program says is read in order, in fewer pieces than it wrote', async () => {
    const gulps = await said('for i in $(seq 500); do printf "%s " $i >&2; done');
    const expected = Array.from({ length: 500 }, (_, index) => `${index + 1} `).join('');
    expect(text(gulps)).toBe(expected);
    expect(gulps.length).toBeLessThan(500);
});

test('a program that says more than a pipe holds is read to its end', async () => {
    const gulps = await said('head -c 1000000 /dev/zero | tr "\\0" x >&2');
    expect(text(gulps)).toBe('x'.repeat(1_000_000));
});

test('what a program says is read while it runs', async () => {
    // Each line is written only when the one before has arrived.
    const gulps = await said('for i in 1 2 3; do echo $i >&2; read answer; done', (answer) =>
        answer(),
    );
    expect(gulps.map((chunk) => chunk.toString())).toStrictEqual(['1\n', '2\n', '3\n']);
});

/** Open files of this process whose path contains `part`. */
const held = (part: string): string[] =>
    readdirSync('/proc/self/fd')
        .map((fd) => {
            try {
                return readlinkSync(`/proc/self/fd/${fd}`);
            } catch {
                return ''; // The one that lists them.
            }
        })
        .filter((name) => name.includes(part));

test('pipes leave no files and no descriptors behind', async () => {
    const folder = temporaryFolder();
    const whileOpen: number[] = [];
    await Promise.all(
        Array.from({ length: 3 }, () =>
            said('echo >&2', () => whileOpen.push(held(folder).length), folder),
        ),
    );
    expect(whileOpen.every((count) => count > 0)).toBe(true);
    (await GulpPipe.open(folder))?.abandon();
    expect(held(folder)).toStrictEqual([]);
    expect(readdirSync(folder)).toStrictEqual([]);
});

/** A launcher whose command is the test's. */
const launcher = (wrap: () => LaunchCommand) => ({
    description: '',
    turnsSignalsIntoCodes: false,
    workDir: temporaryFolder(),
    wrap,
});

test.each<[string, () => LaunchCommand]>([
    [
        'cannot be wrapped',
        () => {
            throw new Error('no walls');
        },
    ],
    // An argument may have 128 KiB on Linux (MAX_ARG_STRLEN).
    ['cannot be spawned', () => ({ command: 'true', args: ['x'.repeat(1e6)], env: {} })],
])('a program that %s keeps no pipe open', async (_, wrap) => {
    const spec = { program: 'kvazaar', path: process.execPath, args: [] } as const;
    const start = async (): Promise<unknown> =>
        startProcess({ ...spec, tellsEachFrame: true }, launcher(wrap), {
            onLog: () => undefined,
            tell: (line) => line,
        }).catch((error: unknown) => error);
    expect(await start()).toBeInstanceOf(Error);
    expect(held('stderr-')).toStrictEqual([]);
});

test('what took the name of a pipe is not read, and the program is read as any other', async () => {
    const folder = temporaryFolder();
    const programs = temporaryFolder();
    // Like a program of the job that is quick.
    writeFileSync(join(programs, 'mkfifo'), '#!/bin/sh\ntouch "$3"\n', { mode: 0o755 });
    process.env['PATH'] = `${programs}:${PATH}`;
    expect(await GulpPipe.open(folder)).toBeUndefined();
    writeFileSync(join(programs, 'mkfifo'), '#!/bin/sh\nln -s /etc/passwd "$3"\n');
    expect(await GulpPipe.open(folder)).toBeUndefined();
    expect(held('stderr-')).toStrictEqual([]);
    expect(readdirSync(folder)).toStrictEqual([]);
});

test('a folder that takes no pipe is no reason to fail', async () => {
    expect(await GulpPipe.open(join(temporaryFolder(), 'missing'))).toBeUndefined();
});

test('without mkfifo there is no such pipe', async () => {
    process.env['PATH'] = '';
    expect(await GulpPipe.open(temporaryFolder())).toBeUndefined();
});

/** The wait that settles in when so many bytes are said in each millisecond. */
function settledWaitMs(bytesPerMs: number): number {
    let waitMs = 20;
    for (let turn = 0; turn < 100; turn++) waitMs = nextWaitMs(waitMs, waitMs * bytesPerMs);
    return waitMs;
}

test.each([
    ['nothing', 0, 100],
    ['a frame of medium now and then', 20, 100],
    ['hundreds of frames a second', 400, 40.96],
    ['more than it can', 10_000, 10],
])('a program that says %s is read as often as its pipe needs', (_, bytesPerMs, expectedMs) => {
    expect(settledWaitMs(bytesPerMs)).toBeCloseTo(expectedMs, 5);
});

test('one that falls silent is read less often by and by, one that says much at once', () => {
    expect(nextWaitMs(20, 0)).toBe(40);
    expect(nextWaitMs(100, 64 * 1024)).toBe(25);
});
