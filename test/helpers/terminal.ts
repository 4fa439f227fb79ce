/** A pseudo terminal that tests type into and look at: a tmux server of their own. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './temporary.js';

const run = promisify(execFile);

/** How often the screen is looked at. */
const LOOK_MS = 40;
const TIMEOUT_MS = 100_000;
const SESSION = 'test';
/** A prompt that nothing else writes. */
const PROMPT = 'READY>';

export interface TerminalOptions {
    columns: number;
    rows: number;
    cwd: string;
    env: Record<string, string>;
}

export class Terminal {
    readonly #socket: string;

    private constructor(socket: string) {
        this.#socket = socket;
    }

    /** Opens a terminal in which a shell waits. It is closed when the test ends. */
    static async open({ columns, rows, cwd, env }: TerminalOptions): Promise<Terminal> {
        const terminal = new Terminal(join(temporaryFolder(), 'socket'));
        onTestFinished(async () => {
            await terminal.#tmux('kill-server').catch(() => undefined);
        });
        const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
        await terminal.#tmux(
            ...['-f', '/dev/null', 'new-session', '-d', '-s', SESSION],
            ...['-x', String(columns), '-y', String(rows), '-c', cwd],
            ...[
                'env',
                '-u',
                'CI',
                '-u',
                'NO_COLOR',
                '-u',
                'FORCE_COLOR',
                ...variables,
                `PS1=${PROMPT} `,
            ],
            ...['bash', '--norc', '--noprofile'],
        );
        await terminal.#tmux('set-option', '-t', SESSION, 'status', 'off');
        await terminal.resize(columns, rows);
        await terminal.waitFor((screen) => screen.includes(PROMPT));
        return terminal;
    }

    async #tmux(...args: string[]): Promise<string> {
        const { stdout } = await run('tmux', ['-S', this.#socket, ...args]);
        return stdout;
    }

    /** Types text, then Enter. */
    async command(line: string): Promise<void> {
        await this.#tmux('send-keys', '-t', SESSION, '-l', line);
        await this.keys('Enter');
    }

    /** Presses keys, by tmux's names of them: c, C-c, Escape, Down … */
    async keys(...names: string[]): Promise<void> {
        for (const name of names) await this.#tmux('send-keys', '-t', SESSION, name);
    }

    async resize(columns: number, rows: number): Promise<void> {
        const size = ['-x', String(columns), '-y', String(rows)];
        await this.#tmux('resize-window', '-t', SESSION, ...size);
    }

    /** What is on the screen, without spaces at the ends of lines. */
    async screen(): Promise<string> {
        return (await this.#tmux('capture-pane', '-p', '-t', SESSION)).trimEnd();
    }

    /** The screen and what has scrolled away, with the escape sequences of colours. */
    async everything(): Promise<string> {
        return this.#tmux('capture-pane', '-p', '-e', '-S', '-', '-t', SESSION);
    }

    /** Whether the cursor is shown. */
    async hasCursor(): Promise<boolean> {
        const flag = await this.#tmux('display-message', '-p', '-t', SESSION, '#{cursor_flag}');
        return flag.trim() === '1';
    }

    /** The screen as soon as it fits. @throws Error with the screen when it never does */
    async waitFor(fits: ((screen: string) => boolean) | string): Promise<string> {
        const holds = typeof fits === 'string' ? (text: string) => text.includes(fits) : fits;
        for (const startedMs = Date.now(); Date.now() - startedMs < TIMEOUT_MS;) {
            const screen = await this.screen();
            if (holds(screen)) return screen;
            await delay(LOOK_MS);
        }
        throw new Error(`not seen: ${String(fits)}\n${await this.screen()}`);
    }

    /** Waits until the command has ended and the shell asks for the next. @returns the screen */
    async prompt(): Promise<string> {
        return this.waitFor((screen) => (screen.split('\n').at(-1) ?? '').trim() === PROMPT);
    }

    /**
     * The exit status of the last command, and whether the terminal is as a shell wants it: typed
     * characters are echoed and lines edited, and there is a cursor.
     */
    async afterwards(): Promise<{ status: number; isRestored: boolean }> {
        await this.prompt();
        const hasCursor = await this.hasCursor();
        await this.command("echo status=$? $(stty -a | grep -oE -- '-?(icanon|echo|isig)\\b')");
        const screen = await this.waitFor((text) => /status=\d+ .*echo/.test(text));
        const found = /status=(\d+) (.*)/.exec(screen);
        const modes = (found?.[2] ?? '').trim().split(' ').filter(Boolean);
        const isRestored = hasCursor && modes.length === 3 && !modes.some((m) => m.startsWith('-'));
        return { status: Number(found?.[1]), isRestored };
    }
}
