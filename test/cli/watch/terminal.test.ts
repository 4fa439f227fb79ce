/** `kvz-cloud watch` in a pseudo terminal: its status line, and how the terminal is left. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCommandTerminal, PROGRESS } from '../../helpers/command-terminal.js';
import type { Terminal } from '../../helpers/terminal.js';
import { FakeDaemon } from '../helpers/fake-daemon.js';
import { temporaryFolder } from '../../helpers/temporary.js';

let daemon: FakeDaemon;
let cwd: string;
let jobs: string[];

beforeEach(async () => {
    daemon = await new FakeDaemon().listen();
    cwd = temporaryFolder();
    jobs = [];
    daemon.onFile = ({ id }) => {
        jobs.push(id);
        daemon.update(id, { state: 'encoding', progress: PROGRESS });
    };
    mkdirSync(join(cwd, 'in'));
});
afterEach(() => daemon.close());

const put = (name: string): void => writeFileSync(join(cwd, 'in', name), randomBytes(2000));

async function watching(columns: number): Promise<Terminal> {
    const terminal = await openCommandTerminal(daemon, { columns, rows: 12, cwd });
    await terminal.command('kvz-cloud watch in -o out --settle 0.1');
    await terminal.waitFor('watching: 0 done');
    return terminal;
}

/** Rows with the counts of the status line. */
const statusRows = (screen: string): string[] =>
    screen.split('\n').filter((row) => /\d done/.test(row));

const atWork = (screen: string): boolean => statusRows(screen).at(-1)?.includes('54 %') ?? false;

describe('the status line of watch', () => {
    it('says what goes on, below the lines of what is done, and leaves with Ctrl-C', async () => {
        const terminal = await watching(80);
        put('clip.mp4');
        const screen = await terminal.waitFor(atWork);
        expect(statusRows(screen)).toEqual(['1 at work, 0 done | in/clip.mp4: encoding 54 %']);
        const [id = ''] = jobs;
        daemon.finish(id);
        const rows = (await terminal.waitFor('watching: 1 done')).split('\n');
        expect(rows.at(-1)).toBe('watching: 1 done');
        expect(rows.filter((row) => row.includes('clip.mp4 → out/clip.hevc.mkv'))).toHaveLength(1);

        await terminal.keys('C-c');
        const after = await terminal.prompt();
        expect(statusRows(after)).toEqual([]);
        expect(after).toContain('clip.mp4 → out/clip.hevc.mkv');
        expect(await terminal.afterwards()).toEqual({ status: 130, isRestored: true });
    });

    it('is one line at 40 columns, and on any change of size', async () => {
        const terminal = await watching(40);
        put('clip.mp4');
        const shown = async (row: string): Promise<void> => {
            // Nothing is left of what was drawn for the size before.
            const fits = (screen: string): boolean => {
                const rows = screen.split('\n');
                return rows.at(-1) === row && statusRows(screen).length === 1;
            };
            const rows = (await terminal.waitFor(fits)).split('\n');
            expect(rows.filter((each) => each.includes(' left'))).toHaveLength(
                row.includes(' left') ? 1 : 0,
            );
        };
        const all =
            'encoding 54 %, 204/377 frames, 31.2 fps, 1.20 Mbit/s, PSNR 41.23 dB, 0:05 left';
        await shown('1 at work, 0 done | encoding 54 %');
        await terminal.resize(120, 12);
        await shown(`1 at work, 0 done | in/clip.mp4: ${all}`);
        await terminal.resize(30, 12);
        await shown('1 at work, 0 done');
        await terminal.resize(80, 12);
        await shown('1 at work, 0 done | in/clip.mp4: encoding 54 %');
        await terminal.resize(20, 12);
        await shown('1 at work, 0 done');
        await terminal.keys('C-c');
        expect(statusRows(await terminal.prompt())).toEqual([]);
        // The lines in which that is asked need more room.
        await terminal.resize(80, 12);
        expect(await terminal.afterwards()).toEqual({ status: 130, isRestored: true });
    });
});
