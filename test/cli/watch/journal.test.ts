import { appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Journal } from '../../../src/cli/watch/journal.js';
import { mountProblem, SmallDisk } from '../../faults/helpers/small-disk.js';
import { temporaryFolder } from '../../helpers/temporary.js';

const version = (n: number) => ({
    sizeBytes: n,
    mtimeNs: 10n ** 18n + BigInt(n),
    ctimeNs: 10n ** 18n,
    inode: 7n,
    device: 1n,
});

const done = (n: number) => ({
    fileId: `file${n}`,
    request: 'options',
    output: `/out/${n}`,
    outputBytes: n,
    outputId: `result${n}`,
});

const path = (): string => join(temporaryFolder(), 'x.journal');

it('knows after a restart what was done, seen, begun and given up', () => {
    const file = path();
    const journal = new Journal(file, '/in');
    journal.seen('a.mp4', version(1), 'file1');
    journal.begun({ fileId: 'file1', request: 'options', output: '/out/1', partial: '/out/.p1' });
    journal.done(done(1));
    journal.begun({ fileId: 'file2', request: 'options', output: '/out/2', partial: '/out/.p2' });
    journal.failed({ fileId: 'file3', request: 'options', code: 'JOB_FAILED', message: 'no' });
    journal.close();

    const again = new Journal(file, '/in');
    expect(again.idOf('a.mp4', version(1))).toBe('file1');
    // Another mount has other numbers for the same file.
    expect(again.idOf('a.mp4', { ...version(1), inode: 8n, device: 2n })).toBe('file1');
    expect(again.idOf('a.mp4', version(2))).toBeUndefined();
    expect(again.idOf('b.mp4', version(1))).toBeUndefined();
    expect(again.doneWith('file1', 'options')).toMatchObject(done(1));
    expect(again.doneWith('file1', 'others')).toBeUndefined();
    expect(again.begunWith('file1', 'options')).toBeUndefined();
    expect(again.begunWith('file2', 'options')).toMatchObject({ output: '/out/2' });
    expect(again.failedWith('file3', 'options')?.code).toBe('JOB_FAILED');
    expect(again.isOutput('result1')).toBe(true);
    expect(again.isOutput('file1')).toBe(false);
    again.close();
});

it('keeps all whole lines, wherever a crash cut it off, and goes on', () => {
    const folder = temporaryFolder();
    let run = 0;
    fc.assert(
        fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(), (count, cut) => {
            run += 1;
            const file = join(folder, `${run}.journal`);
            const journal = new Journal(file, '/in');
            const ends: number[] = [];
            for (let n = 0; n < count; n++) {
                journal.done(done(n));
                ends.push(readFileSync(file).length);
            }
            journal.close();
            const length = cut % (readFileSync(file).length + 1);
            truncateSync(file, length);
            const cutOff = new Journal(file, '/in');
            for (let n = 0; n < count; n++) {
                // A line without its end is whole as well.
                const isWhole = (ends[n] ?? 0) - 1 <= length;
                expect(cutOff.doneWith(`file${n}`, 'options') !== undefined).toBe(isWhole);
            }
            cutOff.done(done(99));
            cutOff.close();
            const last = new Journal(file, '/in');
            expect(last.doneWith('file99', 'options')).toBeDefined();
            last.close();
        }),
        { numRuns: 30 },
    );
});

it('passes over what it does not understand, and shrinks when much of it is spare', () => {
    const file = path();
    const journal = new Journal(file, '/in');
    journal.seen('a.mp4', version(1), 'file1');
    journal.done(done(1));
    journal.close();
    appendFileSync(file, '{"kind":"of another version"}\nno json\n'.repeat(600));
    const again = new Journal(file, '/in');
    expect(again.idOf('a.mp4', version(1))).toBe('file1');
    expect(again.doneWith('file1', 'options')).toBeDefined();
    again.close();
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(3);
});

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trim().split('\n');

it('stays small through months of files that come and go', () => {
    const file = path();
    const journal = new Journal(file, '/in');
    journal.done(done(1));
    let longest = 0;
    for (let n = 0; n < 10_000; n++) {
        journal.seen(`${n}.mp4`, version(n), `file${n}`);
        // Two files are there at a time.
        if (n % 100 === 0) journal.keepSeen(new Set([`${n}.mp4`, 'old.mp4']));
        if (n % 500 === 0) longest = Math.max(longest, linesOf(file).length);
    }
    journal.keepSeen(new Set(['9999.mp4']));
    journal.done(done(2));
    journal.close();
    expect(longest).toBeLessThan(5_000);
    expect(longest).toBeGreaterThan(1_000);
    const again = new Journal(file, '/in');
    expect(again.idOf('9999.mp4', version(9_999))).toBe('file9999');
    expect(again.idOf('1.mp4', version(1))).toBeUndefined();
    expect(again.doneWith('file1', 'options')).toBeDefined();
    expect(again.doneWith('file2', 'options')).toBeDefined();
    again.close();
});

it('stays small while one file changes again and again', () => {
    const file = path();
    const journal = new Journal(file, '/in');
    for (let n = 0; n < 5_000; n++) journal.seen('a.mp4', version(n), `file${n}`);
    expect(linesOf(file).length).toBeLessThan(1_100);
    journal.close();
    const again = new Journal(file, '/in');
    expect(again.idOf('a.mp4', version(4_999))).toBe('file4999');
    again.close();
});

it('forgets nothing of a folder that is full, or away', () => {
    const journal = new Journal(path(), '/in');
    const paths = Array.from({ length: 5_000 }, (_, n) => `${n}.mp4`);
    paths.forEach((name, n) => journal.seen(name, version(n), `file${n}`));
    journal.keepSeen(new Set(paths));
    journal.keepSeen(new Set());
    // Half of it is a folder that cannot be read just now.
    journal.keepSeen(new Set(paths.slice(2_500)));
    expect(paths.filter((name, n) => journal.idOf(name, version(n)) === undefined)).toEqual([]);
    journal.close();
});

it('is written on where it cannot be written anew', () => {
    const file = path();
    const journal = new Journal(file, '/in');
    const see = (from: number, to: number): void => {
        for (let n = from; n < to; n++) journal.seen('a.mp4', version(n), `file${n}`);
    };
    see(0, 900);
    // What is to replace it cannot be made, once.
    mkdirSync(`${file}.new`);
    see(900, 1_900);
    expect(linesOf(file).length).toBeGreaterThan(1_800);
    see(1_900, 2_500);
    expect(linesOf(file).length).toBeLessThan(1_000);
    journal.close();
    const again = new Journal(file, '/in');
    expect(again.idOf('a.mp4', version(2_499))).toBe('file2499');
    again.close();
});

const problem = mountProblem();
it.skipIf(problem !== undefined)('says when its disk is full, and goes on when it is not', () => {
    const disk = new SmallDisk(1);
    const file = join(disk.folder, 'x.journal');
    const journal = new Journal(file, '/in');
    // The last bytes of the page that the journal has are free whatever else fills the disk.
    const long = (n: number) => ({ ...done(n), output: `/${'x'.repeat(3_000)}` });
    disk.fill();
    const failing = (): void => {
        for (let n = 0; n < 5; n++) journal.done(long(n));
    };
    expect(failing).toThrow(expect.objectContaining({ code: 'OUTPUT_UNWRITABLE' }));
    disk.relieve();
    journal.done(done(7));
    journal.close();
    const again = new Journal(file, '/in');
    expect(again.doneWith('file7', 'options')).toBeDefined();
    again.close();
});

it('is not begun where it cannot be written', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(() => new Journal(join(file, 'x'), '/in')).toThrow(
        expect.objectContaining({ code: 'OUTPUT_UNWRITABLE' }),
    );
});
