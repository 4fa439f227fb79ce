/** The built command in a pseudo terminal: what is on the screen, and what is left of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCommandTerminal } from '../../helpers/command-terminal.js';
import type { Terminal } from '../../helpers/terminal.js';
import { FakeDaemon } from '../helpers/fake-daemon.js';
import { temporaryFolder } from '../../helpers/temporary.js';

const PROGRESS = { frame: 40, frames: 100, percent: 40, fps: 12.5, etaSeconds: 75 };

let daemon: FakeDaemon;
let running: string;
let waiting: string;

beforeEach(async () => {
    daemon = await new FakeDaemon().listen();
    running = daemon.addJob({ state: 'encoding', name: 'running.mp4', progress: PROGRESS }).id;
    waiting = daemon.addJob({ state: 'queued', name: 'waiting.mp4' }).id;
});
afterEach(() => daemon.close());

async function open(
    columns = 80,
    env: Record<string, string> = {},
    cwd = temporaryFolder(),
): Promise<Terminal> {
    const terminal = await openCommandTerminal(daemon, { columns, rows: 16, cwd, env });
    const command = `sh -c 'echo $$ >pid; exec kvz-cloud top'`;
    await terminal.command(`echo what was here before; ${command}`);
    await terminal.waitFor('q quit');
    return terminal;
}

const hasOne = (rows: readonly string[], text: string): boolean =>
    rows.filter((row) => row.includes(text)).length === 1;

const hasBefore = (screen: string): boolean => /^what was here before$/m.test(screen);

describe('top in a terminal', () => {
    it('shows the queue on a screen of its own, and leaves nothing behind', async () => {
        const terminal = await open();
        const screen = await terminal.waitFor('waiting.mp4');
        expect(screen).toMatch(/^▸ encoding +40 % ━+─+ running.mp4 +1:15 left · 12.5 fps$/m);
        expect(screen).toMatch(/^ {2}queued +waiting.mp4/m);
        expect(hasBefore(screen)).toBe(false);
        expect(await terminal.hasCursor()).toBe(false);
        await terminal.keys('q');
        const after = await terminal.prompt();
        expect(hasBefore(after)).toBe(true);
        expect(after).not.toContain('waiting.mp4');
        expect(await terminal.afterwards()).toEqual({ status: 0, isRestored: true });
    });

    it('follows events and keys: a job ends, another is cancelled after a yes', async () => {
        const terminal = await open();
        await terminal.waitFor('waiting.mp4');
        daemon.update(running, { progress: { ...PROGRESS, percent: 90 } });
        await terminal.waitFor((screen) => screen.includes('90 %'));
        await terminal.keys('Down', 'c');
        await terminal.waitFor('cancel waiting.mp4? (y/n)');
        await terminal.keys('y');
        await terminal.waitFor('waiting.mp4 is cancelled');
        expect(daemon.job(waiting).state).toBe('cancelled');
        await terminal.keys('C-c');
        expect(await terminal.afterwards()).toEqual({ status: 0, isRestored: true });
    });

    it('leaves with Ctrl-C while it asks, and does nothing of it', async () => {
        const terminal = await open();
        await terminal.waitFor('waiting.mp4');
        await terminal.keys('c');
        await terminal.waitFor('cancel running.mp4? (y/n)');
        await terminal.keys('C-c');
        expect(await terminal.afterwards()).toEqual({ status: 0, isRestored: true });
        expect(daemon.messages('job.cancel')).toEqual([]);
    });

    it('is right after each change of size, without colour and Unicode', async () => {
        const terminal = await open(200, { LC_ALL: 'C', NO_COLOR: '1' });
        await terminal.waitFor((text) => /^> encoding +40 % #+-+ running.mp4/m.test(text));
        for (const columns of [40, 200, 60]) {
            await terminal.resize(columns, 14);
            const fits = (text: string): boolean => {
                const rows = text.split('\n');
                const widest = Math.max(...rows.map((row) => row.length));
                // Not what was drawn for the size before.
                const isDrawn = widest > columns / 2 && widest < columns;
                const isOnce = hasOne(rows, 'running.mp4') && hasOne(rows, 'STATE');
                return rows.length === 13 && isDrawn && isOnce;
            };
            expect(await terminal.waitFor(fits)).toMatch(/^[\x20-\x7e\n]*$/);
        }
        await terminal.keys('q');
        expect(await terminal.afterwards()).toEqual({ status: 0, isRestored: true });
    });

    it('says that the daemon is away, and goes on when it is back', async () => {
        const terminal = await open();
        await terminal.waitFor('waiting.mp4');
        await daemon.close();
        await terminal.waitFor('waiting for the daemon');
        await daemon.listen();
        daemon.update(running, { progress: { ...PROGRESS, percent: 70 } });
        await terminal.waitFor((screen) => /70 %/.test(screen) && !screen.includes('waiting for'));
        await terminal.keys('q');
        expect(await terminal.afterwards()).toEqual({ status: 0, isRestored: true });
    });

    it('gives the terminal back when it is told to end', async () => {
        const cwd = temporaryFolder();
        const terminal = await open(80, {}, cwd);
        await terminal.waitFor('waiting.mp4');
        process.kill(Number(readFileSync(join(cwd, 'pid'), 'utf8')), 'SIGTERM');
        expect(await terminal.afterwards()).toEqual({ status: 130, isRestored: true });
    });
});
