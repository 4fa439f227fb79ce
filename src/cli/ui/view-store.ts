import type { EncodeEvent, FileRef } from '../../client/events.js';
import { newFileModel, reduce } from './model.js';
import type { FileModel } from './model.js';
import { printable } from './printable.js';

/** The screen is drawn at most this often, milliseconds. */
const INTERVAL_MS = 100;

/** In characters. */
export interface TerminalSize {
    columns: number;
    rows: number;
}

export interface Screen {
    size: TerminalSize;
    models: readonly FileModel[];
    /** Indices of files that have ended, in the order in which they did. */
    ended: readonly number[];
    /** The latest about the command as a whole. */
    notice: string | undefined;
}

/** Keeps what the live view shows, and tells it about changes a few times a second. */
export class ViewStore {
    #screen: Screen;
    #shown: Screen;
    #timer: NodeJS.Timeout | undefined;
    readonly #listeners = new Set<() => void>();

    constructor(files: readonly string[], size: TerminalSize) {
        const models = files.map((file) => newFileModel(printable(file)));
        this.#screen = { size, models, ended: [], notice: undefined };
        this.#shown = this.#screen;
    }

    readonly subscribe = (listener: () => void): (() => void) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    };

    /** What is to be drawn; the same object until something has changed. */
    readonly snapshot = (): Screen => this.#shown;

    event({ index }: FileRef, event: EncodeEvent): void {
        const { models, ended } = this.#screen;
        const before = models[index];
        if (!before) return;
        const model = reduce(before, event);
        const justEnded = model.end !== undefined && before.end === undefined;
        this.#change({
            ...this.#screen,
            models: models.with(index, model),
            ended: justEnded ? [...ended, index] : ended,
        });
    }

    notice(message: string): void {
        this.#change({ ...this.#screen, notice: printable(message) });
    }

    /** The terminal has another size now; shown at once. */
    resize(size: TerminalSize): void {
        this.#screen = { ...this.#screen, size };
        this.flush();
    }

    /** Shows the latest at once. */
    flush(): void {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        this.#shown = this.#screen;
        for (const listener of this.#listeners) listener();
    }

    #change(screen: Screen): void {
        this.#screen = screen;
        this.#timer ??= setTimeout(() => this.flush(), INTERVAL_MS);
    }
}
