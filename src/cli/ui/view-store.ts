/**
 * What the live view of `encode` shows: events and keys come in, screens go out, not too many a
 * second.
 */
import type { EncodeEvent, FileRef } from '../../client/events.js';
import { press } from './dialog.js';
import type { Command, Dialog, Key } from './dialog.js';
import { newFileModel, reduce } from './model.js';
import type { FileModel } from './model.js';
import { printable } from './printable.js';

/** The screen is drawn at most this often, milliseconds; keys and sizes are answered at once. */
const INTERVAL_MS = 400;

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
    /** Whether keys can be pressed. */
    hasKeys: boolean;
    dialog: Dialog;
    /** Index of the file that keys are about. */
    selected: number;
    /** The last lines that the programs of the selected file's job wrote. */
    log: readonly string[];
}

/** Indices of the files that have begun and not ended. */
export function underWay({ models }: Pick<Screen, 'models'>): number[] {
    return models.flatMap(({ phase, end }, index) =>
        phase !== undefined && end === undefined ? [index] : [],
    );
}

/** Keeps what the live view shows, and tells it about changes a few times a second. */
export class ViewStore {
    #screen: Screen;
    #shown: Screen;
    #timer: NodeJS.Timeout | undefined;
    readonly #listeners = new Set<() => void>();

    constructor(files: readonly string[], size: TerminalSize, hasKeys = false) {
        const models = files.map((file) => newFileModel(printable(file)));
        this.#screen = {
            ...{ size, models, hasKeys, ended: [], notice: undefined },
            ...{ dialog: 'none', selected: 0, log: [] },
        };
        this.#shown = this.#screen;
    }

    readonly subscribe = (listener: () => void): (() => void) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    };

    /** What is to be drawn; the same object until something has changed. */
    readonly snapshot = (): Screen => this.#shown;

    /** As it is now, drawn or not. */
    get latest(): Screen {
        return this.#screen;
    }

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

    /** A key was pressed; shown at once. @returns what is to be done */
    press(key: Key): Command | undefined {
        const { dialog, command } = press(this.#screen.dialog, key, this.#screen.models.length > 1);
        const active = underWay(this.#screen);
        let { selected } = this.#screen;
        if (!active.includes(selected)) selected = active[0] ?? selected;
        if (command?.do === 'select' && active.length > 0) {
            const place = active.indexOf(selected) + command.by;
            selected = active[Math.max(0, Math.min(active.length - 1, place))] ?? selected;
        }
        const log = dialog === 'log' ? this.#screen.log : [];
        this.#screen = { ...this.#screen, dialog, selected, log };
        this.flush();
        return command;
    }

    showLog(lines: readonly string[]): void {
        this.#change({ ...this.#screen, log: lines.map(printable) });
    }

    /** The terminal has another size now; shown at once. */
    resize(size: TerminalSize): void {
        this.#screen = { ...this.#screen, size };
        this.flush();
    }

    /** Nothing more comes: no key is waited for any longer, and the latest is shown at once. */
    close(): void {
        this.#screen = { ...this.#screen, hasKeys: false, dialog: 'none' };
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
