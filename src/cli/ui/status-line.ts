/** One line at the bottom of a terminal that says how a watch stands; other lines go above it. */
import type { WatchEvent } from '../watch/events.js';
import type { WatchCounts } from '../watch/watch.js';
import { shorten } from './format.js';
import { newFileModel, reduce } from './model.js';
import type { FileModel } from './model.js';
import { progressLine } from './plain-view.js';
import { printable } from './printable.js';
import { breaksAnew, eraseExtra } from './reflow.js';

const INTERVAL_MS = 200;
const CLEAR_LINE = '\r\u001B[2K';

/** A name that is shorter than this says too little. */
const MIN_NAME = 10;

/** "2 at work, 12 waiting, 245 done, 1 failed" */
function countsText({ running, waiting, done, failed }: WatchCounts): string {
    const parts = [
        ...(running > 0 ? [`${running} at work`] : []),
        ...(waiting > 0 ? [`${waiting} waiting`] : []),
        `${done} done`,
        ...(failed > 0 ? [`${failed} failed`] : []),
    ];
    return running + waiting === 0 ? `watching: ${parts.join(', ')}` : parts.join(', ');
}

/**
 * "2 at work, 245 done | clip.mp4: encoding 54 %, 31.2 fps", and of that what has room: first goes
 * the middle of the name, then all about the file but its phase and percentage, then its name.
 */
export function statusText(
    counts: WatchCounts,
    active: readonly FileModel[],
    width: number,
): string {
    const text = countsText(counts);
    const latest = active.at(-1);
    if (!latest) return shorten(text, width);
    const all = progressLine(latest);
    const [phase = ''] = all.split(', ');
    const name = printable(latest.file);
    for (const progress of [all, phase]) {
        const room = width - `${text} | : ${progress}`.length;
        if (room < Math.min(name.length, MIN_NAME)) continue;
        return `${text} | ${shorten(name, room)}: ${progress}`;
    }
    const short = `${text} | ${phase}`;
    return short.length <= width ? short : shorten(text, width);
}

const PROGRESS = ['hash', 'handshake', 'upload', 'job', 'download'] as const;
const ENDS: ReadonlySet<string> = new Set(['done', 'error', 'known', 'left', 'retry']);

function isProgress(
    event: WatchEvent,
): event is Extract<WatchEvent, { event: (typeof PROGRESS)[number] }> {
    return (PROGRESS as readonly string[]).includes(event.event);
}

export class StatusLine {
    readonly #terminal: NodeJS.WriteStream;
    readonly #breaksAnew: boolean;
    readonly #models = new Map<string, FileModel>();
    #counts: (() => WatchCounts) | undefined;
    #timer: NodeJS.Timeout | undefined;
    #shown = '';

    constructor(terminal: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
        this.#terminal = terminal;
        this.#breaksAnew = breaksAnew(env);
    }

    event(event: WatchEvent, path: string): void {
        if (isProgress(event)) {
            this.#models.set(path, reduce(this.#models.get(path) ?? newFileModel(path), event));
        } else if (ENDS.has(event.event)) {
            this.#models.delete(path);
        }
    }

    follow(counts: () => WatchCounts): void {
        this.#counts = counts;
        this.#timer = setInterval(() => this.#draw(), INTERVAL_MS);
        this.#terminal.on('resize', this.#onResize);
    }

    /** Writes whole lines to where the status is, which is drawn anew below them. */
    above(write: () => void): void {
        this.#clear();
        write();
        this.#draw();
    }

    close(): void {
        clearInterval(this.#timer);
        this.#terminal.off('resize', this.#onResize);
        this.#counts = undefined;
        this.#clear();
    }

    readonly #onResize = (): void => {
        this.#clear();
        this.#draw();
    };

    #clear(): void {
        if (this.#shown === '') return;
        const { columns } = this.#terminal;
        // A terminal that has become narrower has made several rows of the line.
        const extra = this.#breaksAnew && columns ? eraseExtra(this.#shown, columns) : '';
        this.#terminal.write(`${CLEAR_LINE}${extra}`);
        this.#shown = '';
    }

    #draw(): void {
        if (!this.#counts) return;
        const width = (this.#terminal.columns || 80) - 1;
        // A line that is longer than the terminal would not be cleared as a whole.
        const text = statusText(this.#counts(), [...this.#models.values()], width);
        if (text === this.#shown) return;
        this.#terminal.write(`${CLEAR_LINE}${text}`);
        this.#shown = text;
    }
}
