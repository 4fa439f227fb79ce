/** One line at the bottom of a terminal that says how a watch stands; other lines go above it. */
import type { WatchEvent } from '../watch/events.js';
import type { WatchCounts } from '../watch/watch.js';
import { shorten } from './format.js';
import { newFileModel, reduce } from './model.js';
import type { FileModel } from './model.js';
import { progressLine } from './plain-view.js';
import { printable } from './printable.js';

const INTERVAL_MS = 200;
const CLEAR_LINE = '\r\u001B[2K';

/** "2 at work, 12 waiting, 245 done, 1 failed · clip.mp4: encoding 54 %, 31.2 fps" */
function statusText(counts: WatchCounts, active: readonly FileModel[]): string {
    const { running, waiting, done, failed } = counts;
    const parts = [
        ...(running > 0 ? [`${running} at work`] : []),
        ...(waiting > 0 ? [`${waiting} waiting`] : []),
        `${done} done`,
        ...(failed > 0 ? [`${failed} failed`] : []),
    ];
    const latest = active.at(-1);
    const text = running + waiting === 0 ? `watching: ${parts.join(', ')}` : parts.join(', ');
    return latest ? `${text} | ${printable(latest.file)}: ${progressLine(latest)}` : text;
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
    readonly #models = new Map<string, FileModel>();
    #counts: (() => WatchCounts) | undefined;
    #timer: NodeJS.Timeout | undefined;
    #shown = '';

    constructor(terminal: NodeJS.WriteStream) {
        this.#terminal = terminal;
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
    }

    /** Writes whole lines to where the status is, which is drawn anew below them. */
    above(write: () => void): void {
        this.#clear();
        write();
        this.#draw();
    }

    close(): void {
        clearInterval(this.#timer);
        this.#counts = undefined;
        this.#clear();
    }

    #clear(): void {
        if (this.#shown !== '') this.#terminal.write(CLEAR_LINE);
        this.#shown = '';
    }

    #draw(): void {
        if (!this.#counts) return;
        const width = (this.#terminal.columns || 80) - 1;
        // A line that is longer than the terminal would not be cleared as a whole.
        const text = shorten(statusText(this.#counts(), [...this.#models.values()]), width);
        if (text === this.#shown) return;
        this.#terminal.write(`${CLEAR_LINE}${text}`);
        this.#shown = text;
    }
}
