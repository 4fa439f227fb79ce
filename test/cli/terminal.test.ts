/** `kvz-cloud encode` in a pseudo terminal: what is on the screen, and how the terminal is left. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commandIn, openCommandTerminal, PROGRESS } from '../helpers/command-terminal.js';
import type { Terminal } from '../helpers/terminal.js';
import { FakeDaemon } from './helpers/fake-daemon.js';
import { temporaryFolder } from '../helpers/temporary.js';

let daemon: FakeDaemon;
let cwd: string;
let jobs: string[];

beforeEach(async () => {
    daemon = await new FakeDaemon().listen();
    cwd = temporaryFolder();
    jobs = [];
    // Jobs stay where a test can look at them.
    daemon.onFile = ({ id }) => {
        jobs.push(id);
        daemon.update(id, { state: 'encoding', progress: PROGRESS });
    };
    writeFileSync(join(cwd, 'clip.mp4'), randomBytes(2000));
});

afterEach(async () => {
    await daemon.close();
});

const open = async (
    size: { columns?: number; rows?: number } = {},
    env: Record<string, string> = {},
): Promise<Terminal> => openCommandTerminal(daemon, { ...size, cwd, env });

/** The lines of the view: all but the command and the prompt. */
const view = (screen: string): string[] =>
    screen.split('\n').filter((line) => line !== '' && !line.startsWith('READY>'));

const finish = (): void => {
    for (const id of jobs) daemon.finish(id);
};

const KEYS = 'c cancel · d detach · l log · ? help';

async function encoding(
    size: { columns?: number; rows?: number } = {},
    env: Record<string, string> = {},
): Promise<Terminal> {
    const terminal = await open(size, env);
    await terminal.command('kvz-cloud encode clip.mp4');
    await terminal.waitFor((screen) => /54 %/.test(screen));
    return terminal;
}

describe('the live view on a terminal', () => {
    it('shows one file, and leaves its summary', async () => {
        const terminal = await encoding();
        expect(view(await terminal.waitFor(KEYS))).toMatchInlineSnapshot(`
          [
            "clip.mp4",
            "✔ hash",
            "✔ upload",
            "✔ queued",
            "▸ encode    ━━━━━━━━━━━━━━━━━━━━━━━━━━━───────────────────────  54 %",
            "  sizes     ███████▂▂▂▂▂▂▂▁▁▁▁▁▁▁▅▅▅▅▅▅",
            "  204/377 frames · 31.2 fps · 1.20 Mbit/s · PSNR 41.23 dB · 0:05 left",
            "  package",
            "  download",
            "c cancel · d detach · l log · ? help",
          ]
        `);
        expect(await terminal.hasCursor()).toBe(false);
        expect(await terminal.everything()).toContain('\u001b[36m');
        finish();
        const lines = view(await terminal.prompt());
        expect(lines.join('\n').replace(/\d\.\d s in all/, 'N s in all')).toMatchInlineSnapshot(`
          "✔ clip.mp4 → clip.hevc.mkv
            2.00 kB → 16 B (0.8 %, 125.0:1) · 100 frames, 0:04 · encoded at 33.3 fps
            123 kbit/s · PSNR 42.25 dB · N s in all"
        `);
        expect(await terminal.afterwards()).toEqual({ status: 0, isRestored: true });
        // Nothing of the frames before is left anywhere.
        expect((await terminal.everything()).match(/encode {4}/g)).toBeNull();
    });

    it('fits 40 columns, and follows the terminal when it is resized', async () => {
        const terminal = await encoding({ columns: 40 });
        expect(view(await terminal.waitFor(KEYS)).slice(4, 9)).toEqual([
            '▸ encode    ━━━━━━━━━━━──────────  54 %',
            '  sizes     ███▂▂▂▁▁▁▅▅',
            '  204/377 frames · 31.2 fps',
            '  1.20 Mbit/s · PSNR 41.23 dB',
            '  0:05 left',
        ]);
        await terminal.resize(200, 24);
        const wide = view(await terminal.waitFor('1.20 Mbit/s · PSNR 41.23 dB · 0:05 left'));
        expect(wide.filter((line) => line.includes('encode  '))).toEqual([
            `▸ encode    ${'━'.repeat(27)}${'─'.repeat(23)}  54 %`,
        ]);
        await terminal.resize(60, 30);
        const middle = await terminal.waitFor((screen) => screen.includes('PSNR 41.23 dB\n'));
        expect(middle).toContain('\n  0:05 left\n');
        finish();
        expect(await terminal.afterwards()).toEqual({ status: 0, isRestored: true });
    });

    it('does without colours and without Unicode', async () => {
        const terminal = await encoding({}, { LC_ALL: 'C', NO_COLOR: '1' });
        await terminal.keys('?');
        await terminal.waitFor('any key: back');
        await terminal.keys('c');
        await terminal.waitFor('c cancel, d detach, l log, ? help');
        // The prompt of the shell has no colours either.
        const everything = await terminal.everything();
        expect(everything).toMatch(/^[\n\x20-\x7e]*$/);
        expect(everything).toContain(`> encode    ${'#'.repeat(27)}${'-'.repeat(23)}  54 %`);
        finish();
        await terminal.prompt();
        expect(await terminal.everything()).toMatch(/^[\n\x20-\x7e]*$/);
    });

    it('shows the active ones of hundreds of files, and a count of the rest', async () => {
        mkdirSync(join(cwd, 'many'));
        for (let n = 0; n < 200; n++) {
            writeFileSync(join(cwd, 'many', `take${n}.mov`), randomBytes(100));
        }
        const terminal = await open({ rows: 12 });
        await terminal.command('kvz-cloud encode -r many -o out');
        const counts = '0 of 200 done, 4 more under way, 190 waiting';
        const screen = await terminal.waitFor(
            (text) => text.split('54 %').length === 7 && text.includes(counts),
        );
        expect(view(screen)).toEqual([
            ...[0, 1, 2, 3, 4, 5].map((n): unknown =>
                expect.stringMatching(
                    new RegExp(`^(▸ )?(many/)?take${n}\\.mov +encoding +━+─+ +54 % +31\\.2 fps`),
                ),
            ),
            counts,
            KEYS,
        ]);
        daemon.onFile = ({ id }) => daemon.finish(id);
        finish();
        await terminal.waitFor('200 of 200 done');
        expect(await terminal.afterwards()).toEqual({ status: 0, isRestored: true });
        const summaries = (await terminal.everything()).match(/take\d+\.hevc\.mkv/g);
        expect(new Set(summaries).size).toBe(200);
    });
});

describe('the keys', () => {
    it('c cancels when that is confirmed', async () => {
        const terminal = await encoding();
        await terminal.keys('c');
        await terminal.waitFor('Cancel this job?  y yes · n no');
        await terminal.keys('n');
        await terminal.waitFor(KEYS);
        expect(daemon.messages('job.cancel')).toEqual([]);
        await terminal.keys('c', 'y');
        const screen = await terminal.prompt();
        expect(screen).toContain('✖ clip.mp4: stopped while encoding at 54 %');
        expect(screen).toContain(`kvz-cloud: job ${jobs[0] ?? ''} was cancelled`);
        expect(await terminal.afterwards()).toEqual({ status: 6, isRestored: true });
        expect(daemon.messages('job.cancel')).toMatchObject([{ jobId: jobs[0] }]);
        expect(existsSync(join(cwd, 'clip.hevc.mkv'))).toBe(false);
    });

    it('c cancels one of several files, the others go on', async () => {
        writeFileSync(join(cwd, 'two.mp4'), randomBytes(2000));
        const terminal = await open();
        await terminal.command('kvz-cloud encode clip.mp4 two.mp4');
        await terminal.waitFor((text) => text.split('54 %').length === 3);
        await terminal.keys('Down', 'c');
        await terminal.waitFor('Cancel?  y two.mp4 · a all 2 · n nothing');
        await terminal.keys('y');
        await terminal.waitFor('✖ two.mp4: ');
        finish();
        expect(await terminal.afterwards()).toEqual({ status: 6, isRestored: true });
        expect(existsSync(join(cwd, 'clip.hevc.mkv'))).toBe(true);
        expect(existsSync(join(cwd, 'two.hevc.mkv'))).toBe(false);
    });

    it('d leaves the job to the daemon and prints its id', async () => {
        const terminal = await encoding();
        await terminal.keys('d');
        const screen = await terminal.prompt();
        expect(screen).toContain(`✔ clip.mp4: job ${jobs[0] ?? ''} goes on`);
        expect(view(screen).at(-1)).toBe(jobs[0]);
        expect(await terminal.afterwards()).toEqual({ status: 0, isRestored: true });
        expect(daemon.messages('job.cancel')).toEqual([]);
    });

    it('l shows the log and l goes back', async () => {
        const terminal = await encoding();
        await terminal.keys('l');
        const screen = await terminal.waitFor('two');
        expect(view(screen)).toEqual([
            `clip.mp4: log of job ${jobs[0] ?? ''}`,
            'one',
            'two',
            'l or Esc back',
        ]);
        await terminal.keys('l');
        await terminal.waitFor(KEYS);
        finish();
        expect(await terminal.afterwards()).toEqual({ status: 0, isRestored: true });
    });

    it('? tells of all keys', async () => {
        const terminal = await encoding();
        await terminal.keys('?');
        expect(view(await terminal.waitFor('any key: back')).slice(-7)).toMatchInlineSnapshot(`
          [
            "  c       cancel; asks first",
            "  d       leave when everything is sent",
            "  l       what the job's programs say",
            "  ↑ ↓     the file that c and l mean",
            "  ?       these lines",
            "  Ctrl-C  asks; twice: leaves at once",
            "any key: back",
          ]
        `);
        await terminal.keys('x');
        await terminal.waitFor(KEYS);
        finish();
        await terminal.prompt();
    });

    it('Ctrl-C asks, Escape stays, twice leaves at once', async () => {
        const terminal = await encoding();
        await terminal.keys('C-c');
        await terminal.waitFor('Leave?  d detach, jobs go on · c cancel all · Esc stay');
        await terminal.keys('Escape');
        await terminal.waitFor(KEYS);
        await terminal.keys('C-c', 'C-c');
        const screen = await terminal.prompt();
        expect(screen).toContain('✖ clip.mp4: stopped while encoding at 54 %');
        expect(screen.replaceAll('\n', '')).toContain(
            `"kvz-cloud download ${jobs[0] ?? ''}" gets its result`,
        );
        expect(await terminal.afterwards()).toEqual({ status: 130, isRestored: true });
        expect(daemon.messages('job.cancel')).toEqual([]);
    });
});

describe('the terminal is restored', () => {
    /** The process id of the command that runs in the terminal. */
    const commandPid = (): number =>
        Number(execFileSync('pgrep', ['-f', commandIn(cwd)], { encoding: 'utf8' }));

    it.each([
        ['SIGTERM', 130],
        ['SIGHUP', 130],
    ] as const)('after %s', async (signal, status) => {
        const terminal = await encoding();
        process.kill(commandPid(), signal);
        expect(await terminal.afterwards()).toEqual({ status, isRestored: true });
    });

    it('after an error that nobody expected', async () => {
        const terminal = await open({}, { NODE_OPTIONS: `--import=${join(cwd, 'bomb.mjs')}` });
        // Goes off on a signal that the command does not listen to.
        writeFileSync(
            join(cwd, 'bomb.mjs'),
            `process.on('SIGUSR2', () => { throw new Error('boom'); });`,
        );
        await terminal.command('kvz-cloud encode clip.mp4');
        await terminal.waitFor(KEYS);
        process.kill(commandPid(), 'SIGUSR2');
        await terminal.waitFor('boom');
        expect(await terminal.afterwards()).toEqual({ status: 1, isRestored: true });
    });

    it('when the daemon goes away and does not come back', async () => {
        const home = temporaryFolder();
        writeFileSync(join(home, 'config.json'), JSON.stringify({ giveUpAfter: '1s' }));
        const terminal = await encoding({}, { KVZ_CLOUD_HOME: home });
        await daemon.close();
        expect(await terminal.afterwards()).toEqual({ status: 4, isRestored: true });
    });

    it('the view goes on when the daemon comes back', async () => {
        const terminal = await encoding();
        await daemon.close();
        await terminal.waitFor('waiting for the daemon');
        await daemon.listen();
        await terminal.waitFor('the daemon is there again');
        finish();
        expect(await terminal.afterwards()).toEqual({ status: 0, isRestored: true });
    });
});

describe('the view', () => {
    it('--progress bar draws one bar for each file and leaves the summary', async () => {
        const terminal = await open();
        await terminal.command('kvz-cloud encode clip.mp4 --progress bar');
        await terminal.waitFor((screen) => /clip\.mp4 +encoding +\[=+-+\] +54%/.test(screen));
        finish();
        const screen = await terminal.prompt();
        expect(screen).toContain('clip.mp4 → clip.hevc.mkv');
        expect(await terminal.afterwards()).toEqual({ status: 0, isRestored: true });
    });

    it('a result on stdout is drawn beside the view, not into it', async () => {
        const terminal = await open();
        await terminal.command('kvz-cloud encode clip.mp4 -o - > out.bin');
        await terminal.waitFor(KEYS);
        finish();
        expect(await terminal.prompt()).toContain('✔ clip.mp4 → stdout');
        await terminal.command('cat out.bin; echo');
        await terminal.waitFor('an encoded video');
    });

    it('a result is not written to a terminal', async () => {
        const terminal = await open();
        await terminal.command('kvz-cloud encode clip.mp4 -o -');
        await terminal.waitFor('stdout, which is a terminal');
        expect(await terminal.afterwards()).toEqual({ status: 2, isRestored: true });
    });

    it('is the live one where a variable only looks like a CI', async () => {
        const terminal = await open({}, { CI: 'false', CI_PROJECT: 'x' });
        await terminal.command('kvz-cloud encode clip.mp4');
        await terminal.waitFor(KEYS);
        expect(await terminal.everything()).toContain('\u001b[36m');
        finish();
        await terminal.prompt();
    });

    it('CI has lines', async () => {
        const terminal = await open();
        await terminal.command('CI=true kvz-cloud encode clip.mp4');
        await terminal.waitFor('kvz-cloud: clip.mp4: encoding 54 %');
        finish();
        expect(await terminal.prompt()).toContain('clip.mp4 → clip.hevc.mkv');
    });
});
