/** What a watch shows: JSON lines, lines for people, or these with a status line below them. */
import { join } from 'node:path';
import type { WatchEvent } from '../watch/events.js';
import type { WatchCounts } from '../watch/watch.js';
import { formatBytes } from './format.js';
import { jsonLine } from './json-line.js';
import { StatusLine } from './status-line.js';
import { shortPath, summaryLines } from './summary.js';
import { arrow } from './theme.js';
import { chooseView } from './view.js';
import type { ViewName } from './view.js';

export interface WatchView {
    /** @param file relative to the watched folder */
    event(event: WatchEvent, file?: string): void;
    /** Something about the watch as a whole. */
    notice(message: string): void;
    /** The numbers to show from now on. */
    follow(counts: () => WatchCounts): void;
    /** Gives the terminal back. */
    close(): void;
}

export interface WatchViewOptions {
    wish: ViewName | undefined;
    json: boolean;
    /** The watched folder, as the user gave it. */
    folder: string;
    /** Data, one line each. */
    print: (line: string) => void;
    /** Messages, one line each. */
    say: (message: string) => void;
    env: NodeJS.ProcessEnv;
}

export function openWatchView(options: WatchViewOptions): WatchView {
    if (options.json) return new JsonWatchView(options);
    const name = chooseView(options.wish, options.env);
    const status =
        name === 'ui' || name === 'bar' ? new StatusLine(process.stderr, options.env) : undefined;
    return new LineWatchView(options, name === 'none', status);
}

class JsonWatchView implements WatchView {
    readonly #options: WatchViewOptions;

    constructor(options: WatchViewOptions) {
        this.#options = options;
    }

    event(event: WatchEvent, file?: string): void {
        const { folder, print } = this.#options;
        const path = file === undefined ? undefined : join(folder, file);
        if (event.event === 'notice') return this.notice(`${path ?? folder}: ${event.message}`);
        return print(jsonLine(event, path));
    }

    notice(message: string): void {
        this.#options.say(message);
    }

    follow(): void {
        // each event is told by itself
    }

    close(): void {
        // nothing is held back
    }
}

const LEFT_REASONS: Readonly<Record<Extract<WatchEvent, { event: 'left' }>['reason'], string>> = {
    changing: 'it is being written',
    open: 'a program has it open for writing',
    empty: 'it is empty',
    gone: 'it is gone',
};

/** What is said of an event that somebody must know of. */
function troubleText(event: WatchEvent, path: string): string | undefined {
    if (event.event === 'error') {
        return event.message.includes(path) ? event.message : `${path}: ${event.message}`;
    }
    if (event.event === 'retry') {
        return `${path}: ${event.message}; trying again in ${event.inSeconds} s`;
    }
    if (event.event === 'hold') {
        const { neededBytes } = event;
        const need = neededBytes ? `, ${formatBytes(neededBytes)} are needed` : '';
        return `${event.message}${need}; waiting until results can be written`;
    }
    if (event.event === 'folder') {
        return event.state === 'gone'
            ? `${path} is gone; waiting for it`
            : `${path} is there again`;
    }
    return event.event === 'kept' ? `${path}: ${event.message}` : undefined;
}

/** What is said of other events; undefined for what is only shown while it lasts. */
function newsText(event: WatchEvent, path: string): string | undefined {
    if (event.event === 'watching') {
        return `watching ${path}; results go to ${shortPath(event.output)}`;
    }
    if (event.event === 'resume') return 'results can be written again';
    if (event.event === 'left') return `${path}: left alone, ${LEFT_REASONS[event.reason]}`;
    if (event.event === 'notice') return `${path}: ${event.message}`;
    if (event.event === 'moved' && event.reason === 'failed') {
        const to = shortPath(event.to);
        return `${path}: moved to ${to}, the reason is in ${to}.txt`;
    }
    if (event.event !== 'ended') return undefined;
    const { done, known, failed, left } = event;
    const parts = [`${done} encoded`, `${failed} failed`];
    if (known > 0) parts.push(`${known} known`);
    if (left > 0) parts.push(`${left} left alone`);
    return parts.join(', ');
}

class LineWatchView implements WatchView {
    readonly #options: WatchViewOptions;
    /** Only what went wrong is told. */
    readonly #isQuiet: boolean;
    readonly #status: StatusLine | undefined;

    constructor(options: WatchViewOptions, isQuiet: boolean, status: StatusLine | undefined) {
        this.#options = options;
        this.#isQuiet = isQuiet;
        this.#status = status;
    }

    event(event: WatchEvent, file?: string): void {
        const { folder, print, say } = this.#options;
        const path = file === undefined ? folder : join(folder, file);
        this.#status?.event(event, path);
        if (event.event === 'done' && !this.#isQuiet) {
            const lines = summaryLines(path, event, arrow(this.#options.env));
            this.#above(() => lines.forEach(print));
            return;
        }
        const line =
            troubleText(event, path) ?? (this.#isQuiet ? undefined : newsText(event, path));
        if (line !== undefined) this.#above(() => say(line));
    }

    notice(message: string): void {
        this.#above(() => this.#options.say(message));
    }

    follow(counts: () => WatchCounts): void {
        this.#status?.follow(counts);
    }

    close(): void {
        this.#status?.close();
    }

    #above(write: () => void): void {
        if (this.#status) this.#status.above(write);
        else write();
    }
}
