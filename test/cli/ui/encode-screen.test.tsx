/** The live view, drawn for terminals of several sizes. */
import { EventEmitter } from 'node:events';
import { render } from 'ink';
import { afterEach, describe, expect, it } from 'vitest';
import type { EncodeEvent } from '../../../src/client/events.js';
import type { Command } from '../../../src/cli/ui/dialog.js';
import { EncodeScreen } from '../../../src/cli/ui/EncodeScreen.js';
import { chooseTheme } from '../../../src/cli/ui/theme.js';
import { ViewStore } from '../../../src/cli/ui/view-store.js';

const UTF8 = { LANG: 'C.UTF-8', NO_COLOR: '1' };
const ASCII = { LANG: 'C', NO_COLOR: '1' };

/** A terminal that remembers what is drawn on it. */
class Terminal extends EventEmitter {
    columns: number;
    rows = 24;
    isTTY = true;
    frames: string[] = [];

    constructor(columns: number) {
        super();
        this.columns = columns;
    }

    write(text: string): boolean {
        this.frames.push(text);
        return true;
    }

    /** The latest frame, in lines. */
    get lines(): string[] {
        return (this.frames.at(-1) ?? '').replace(/\n$/, '').split('\n');
    }
}

const cleanups: (() => void)[] = [];

afterEach(() => {
    for (const cleanup of cleanups.splice(0)) cleanup();
});

interface Shown {
    terminal: Terminal;
    tell: (index: number, ...events: EncodeEvent[]) => void;
    redraw: () => void;
    resize: (columns: number) => void;
    /** Presses keys, one for each character; ^ is Ctrl-C. @returns what the last one asks for */
    press: (keys: string) => Command | undefined;
    store: ViewStore;
}

function show(
    files: string[],
    columns: number,
    env: NodeJS.ProcessEnv = UTF8,
    hasKeys = false,
): Shown {
    const terminal = new Terminal(columns);
    const store = new ViewStore(files, terminal, hasKeys);
    const element = <EncodeScreen store={store} theme={chooseTheme(env)} />;
    const screen = render(element, {
        stdout: terminal as unknown as NodeJS.WriteStream,
        stderr: terminal as unknown as NodeJS.WriteStream,
        // Every frame is written as a whole.
        debug: true,
        exitOnCtrlC: false,
        patchConsole: false,
    });
    cleanups.push(() => screen.unmount());
    const redraw = (): void => {
        store.flush();
        screen.rerender(element);
    };
    const tell = (index: number, ...events: EncodeEvent[]): void => {
        for (const event of events) store.event({ index, file: files[index] ?? '' }, event);
        redraw();
    };
    const resize = (to: number): void => {
        terminal.columns = to;
        store.resize({ columns: to, rows: terminal.rows });
        screen.rerender(element);
        terminal.emit('resize');
    };
    const press = (keys: string): Command | undefined => {
        let command: Command | undefined;
        for (const key of keys) {
            const input = key === '^' ? 'c' : key;
            const special = { escape: false, up: false, down: false };
            command = store.press({ input, ctrl: key === '^', ...special });
        }
        redraw();
        return command;
    };
    return { terminal, tell, redraw, resize, press, store };
}

const ENCODING: EncodeEvent = {
    event: 'job',
    jobId: 'j1',
    state: 'encoding',
    frame: 204,
    frames: 377,
    fps: 31.2,
    percent: 54.1,
    etaSeconds: 5.4,
    bitrateBps: 1_200_000,
    psnr: 41.23,
    frameBytes: [8000, 1000, 500, 4000],
};

const HASHED: EncodeEvent = { event: 'hash', bytes: 9, totalBytes: 9 };

const DONE: EncodeEvent = {
    event: 'done',
    jobId: 'j1',
    output: '/x/clip.hevc.mkv',
    inputBytes: 2_811_553,
    outputBytes: 879_374,
    frames: 390,
    seconds: 3.2,
    uploadedBytes: 2_811_553,
    psnr: 46.72,
    durationSeconds: 31.2,
    bitrateBps: 101_000,
    fps: 155,
    encodeSeconds: 2.5,
    notes: ['10 bit are coded as 8'],
};

const NAME = 'a-clip-with-a-name-that-is-longer-than-a-narrow-terminal-is-wide.mp4';

describe('the live view of one file', () => {
    it('shows all phases, and what is known of the one under way', () => {
        const { terminal, tell } = show(['clip.mp4'], 80);
        tell(0, HASHED, ENCODING);
        expect(terminal.lines).toEqual([
            'clip.mp4',
            '✔ hash',
            '✔ upload',
            '✔ queued',
            `▸ encode    ${'━'.repeat(27)}${'─'.repeat(23)}  54 %`,
            '  sizes     ███████▂▂▂▂▂▂▂▁▁▁▁▁▁▁▅▅▅▅▅▅',
            '  204/377 frames · 31.2 fps · 1.20 Mbit/s · PSNR 41.23 dB · 0:05 left',
            '  package',
            '  download',
        ]);
    });

    it('uses more lines on a narrow terminal', () => {
        const { terminal, tell } = show(['clip.mp4'], 40);
        tell(0, HASHED, ENCODING);
        expect(terminal.lines.slice(4, 9)).toEqual([
            `▸ encode    ${'━'.repeat(11)}${'─'.repeat(10)}  54 %`,
            '  sizes     ███▂▂▂▁▁▁▅▅',
            '  204/377 frames · 31.2 fps',
            '  1.20 Mbit/s · PSNR 41.23 dB',
            '  0:05 left',
        ]);
    });

    it('does without colours and Unicode', () => {
        const { terminal, tell } = show(['clip.mp4'], 80, ASCII);
        tell(0, HASHED, ENCODING);
        const text = terminal.lines.join('\n');
        expect(text).toMatch(/^[\n\x20-\x7e]*$/);
        expect(text).toContain(`> encode    ${'#'.repeat(27)}${'-'.repeat(23)}  54 %`);
        tell(0, DONE);
        expect(terminal.lines.join('\n')).toMatch(/^[\n\x20-\x7e]*$/);
        for (const files of [[NAME], [NAME, 'b.mp4']]) {
            const narrow = show(files, 40, ASCII, true);
            narrow.tell(0, HASHED, ENCODING);
            narrow.press('?');
            narrow.press('xc');
            expect(narrow.terminal.frames.join('\n')).toMatch(/^[\n\x20-\x7e]*$/);
        }
    });

    it('fits into a terminal of a few lines', () => {
        const { terminal, tell, store } = show(['clip.mp4'], 80);
        store.resize({ columns: 80, rows: 10 });
        tell(0, HASHED, ENCODING);
        expect(terminal.lines.length).toBeLessThan(10);
    });

    it('ends as a summary', () => {
        const { terminal, tell } = show(['clip.mp4'], 100);
        tell(0, HASHED, ENCODING, DONE);
        expect(terminal.lines).toEqual([
            '✔ clip.mp4 → /x/clip.hevc.mkv',
            '  2.81 MB → 879 kB (31 %, 3.2:1) · 390 frames, 0:31 · encoded at 155 fps · 101 kbit/s',
            '  PSNR 46.72 dB · 3.2 s in all',
            '  note: 10 bit are coded as 8',
        ]);
    });

    it('says where it stopped when it failed', () => {
        const { terminal, tell } = show(['clip.mp4'], 80);
        tell(0, HASHED, ENCODING, { event: 'error', code: 'JOB_FAILED', message: 'it broke' });
        expect(terminal.lines).toEqual(['✖ clip.mp4: stopped while encoding at 54 %']);
    });

    it('shows a name with control characters safely', () => {
        const { terminal, redraw } = show(['a\u001b[2Jb.mp4'], 80);
        redraw();
        expect(terminal.lines[0]).toBe('a\ufffd[2Jb.mp4');
    });
});

describe('the live view of several files', () => {
    it('has one line for each that is under way', () => {
        const { terminal, tell } = show([NAME, 'b.mp4', 'c.mp4'], 100);
        tell(0, HASHED, ENCODING);
        tell(1, {
            event: 'upload',
            sentBytes: 500,
            totalBytes: 1000,
            bytesPerSecond: 50,
        });
        const [first = '', second = '', last] = terminal.lines;
        expect(first).toMatch(/^a-clip-wi.+….+wide\.mp4 encoding +━+─+ +54 % 31\.2 fps 0:05 left$/);
        expect(second).toMatch(/^b\.mp4 +uploading +━+─+ +50 % 50 B\/s 0:10 left$/);
        expect(last).toBe('0 of 3 done, 1 waiting');
    });

    it('keeps those that have ended above', () => {
        const { terminal, tell } = show(['a.mp4', 'b.mp4'], 100);
        tell(1, HASHED, ENCODING);
        tell(0, HASHED, { event: 'error', code: 'FILE_EMPTY', message: 'the file is empty' });
        expect(terminal.lines[0]).toBe('✖ a.mp4: the file is empty');
        expect(terminal.lines.at(-1)).toBe('0 of 2 done, 1 failed');
    });

    it('never has more lines than the terminal', () => {
        const files = Array.from({ length: 60 }, (_, index) => `file-${index}.mp4`);
        const { terminal, tell } = show(files, 80);
        for (const index of files.keys()) tell(index, HASHED);
        expect(terminal.lines.length).toBeLessThan(terminal.rows);
        expect(terminal.lines.at(-1)).toBe('0 of 60 done, 42 more under way');
    });
});

describe('the keys of the live view', () => {
    const showOne = (): Shown => {
        const shown = show(['clip.mp4'], 80, UTF8, true);
        shown.tell(0, HASHED, ENCODING);
        return shown;
    };
    const lastLine = ({ terminal }: Shown): string | undefined => terminal.lines.at(-1);

    it('are told, and what they ask', () => {
        const shown = showOne();
        expect(lastLine(shown)).toBe('c cancel · d detach · l log · ? help');
        shown.press('c');
        expect(lastLine(shown)).toBe('Cancel this job?  y yes · n no');
        shown.press('x');
        expect(lastLine(shown)).toBe('Cancel this job?  y yes · n no');
        shown.press('n');
        expect(lastLine(shown)).toBe('c cancel · d detach · l log · ? help');
        shown.press('^');
        expect(lastLine(shown)).toBe(
            'Leave?  d detach, jobs go on · c cancel all · Esc stay · Ctrl-C leave at once',
        );
        shown.press('n?');
        expect(shown.terminal.lines.slice(-7)).toEqual([
            '  c       cancel; asks first',
            '  d       leave when everything is sent',
            "  l       what the job's programs say",
            '  ↑ ↓     the file that c and l mean',
            '  ?       these lines',
            '  Ctrl-C  asks; twice: leaves at once',
            'any key: back',
        ]);
    });

    it('are not told where there are none, nor when there is nothing left to do', () => {
        const silent = show(['clip.mp4'], 80);
        silent.tell(0, HASHED, ENCODING);
        expect(silent.terminal.lines.join('\n')).not.toContain('cancel');
        const shown = showOne();
        shown.press('c');
        shown.tell(0, DONE);
        expect(shown.terminal.lines.join('\n')).not.toContain('ancel');
    });

    it.each([
        ['cy', { do: 'cancel', all: true }],
        ['d', { do: 'detach' }],
        ['^d', { do: 'detach' }],
        ['^c', { do: 'cancel', all: true }],
        ['^^', { do: 'leave' }],
        ['c^^', { do: 'leave' }],
        ['l^^', { do: 'leave' }],
        ['y', undefined],
        ['cny', undefined],
        ['?d', undefined],
        ['lc', undefined],
    ])('%s asks for %j', (keys, command) => {
        expect(showOne().press(keys)).toEqual(command);
    });

    it('are about one of several files, which is marked', () => {
        const shown = show(['a.mp4', 'b.mp4', 'c.mp4'], 80, UTF8, true);
        for (const index of [0, 1, 2]) shown.tell(index, HASHED, ENCODING);
        const marked = (): string | undefined =>
            shown.terminal.lines.find((line) => line.startsWith('▸'))?.slice(2, 7);
        expect(marked()).toBe('a.mp4');
        shown.press('jjj');
        expect(marked()).toBe('c.mp4');
        shown.press('k');
        expect(marked()).toBe('b.mp4');
        shown.press('c');
        expect(lastLine(shown)).toBe('Cancel?  y b.mp4 · a all 3 · n nothing');
        expect(shown.press('y')).toEqual({ do: 'cancel', all: false });
        expect(shown.store.latest.selected).toBe(1);
        // One that has ended is not what keys are about.
        shown.tell(1, DONE);
        shown.press('c');
        expect(lastLine(shown)).toBe('Cancel?  y a.mp4 · a all 2 · n nothing');
        expect(shown.press('a')).toEqual({ do: 'cancel', all: true });
    });

    it('show a log that fits', () => {
        const shown = showOne();
        shown.press('l');
        shown.store.showLog(Array.from({ length: 100 }, (_, n) => `line ${n} \u001b[2J`));
        shown.redraw();
        expect(shown.terminal.lines[0]).toBe('clip.mp4: log of job j1');
        expect(shown.terminal.lines.at(-2)).toBe('line 99 \ufffd[2J');
        expect(lastLine(shown)).toBe('l or Esc back');
        expect(shown.terminal.lines.length).toBeLessThan(shown.terminal.rows);
        shown.press('l');
        expect(shown.terminal.lines[4]).toContain('encode');
    });
});

describe('at any width', () => {
    it.each([40, 41, 60, 79, 80, 120, 200])('no line is wider than %i columns', (columns) => {
        for (const files of [[NAME], [NAME, 'b.mp4']]) {
            const { terminal, tell, press } = show(files, columns, UTF8, true);
            tell(0, HASHED);
            tell(0, { event: 'upload', sentBytes: 1, totalBytes: 9e9, bytesPerSecond: 1e6 });
            tell(0, ENCODING);
            tell(0, { event: 'notice', message: 'the daemon has this file; nothing is sent' });
            for (const keys of ['c', 'n?', 'x^', 'n']) press(keys);
            tell(0, DONE);
            const widest = Math.max(
                ...terminal.frames.flatMap((frame) => frame.split('\n').map((line) => line.length)),
            );
            expect(widest).toBeLessThan(columns);
        }
    });

    it('follows the terminal when that is resized', () => {
        const { terminal, tell, resize } = show(['clip.mp4'], 100);
        tell(0, HASHED, ENCODING);
        const before = terminal.frames.length;
        resize(40);
        expect(terminal.frames.length).toBeGreaterThan(before);
        const frames = terminal.frames.slice(before).flatMap((frame) => frame.split('\n'));
        expect(Math.max(...frames.map((line) => line.length))).toBeLessThan(40);
        expect(Math.max(...terminal.lines.map((line) => line.length))).toBeLessThan(40);
    });
});
