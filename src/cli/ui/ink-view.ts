/** `--progress ui`: the live view, drawn by Ink, and what its keys do. */
import type { EncodeView, ViewOptions } from './view.js';
import type { Key } from './dialog.js';
import { watchSize } from './reflow.js';
import { chooseTheme } from './theme.js';
import { ViewStore } from './view-store.js';
import type { TerminalSize } from './view-store.js';

/** How often the log is asked for while it is shown, milliseconds. */
const LOG_INTERVAL_MS = 1_000;

/** Does what keys ask for. */
class Keyboard {
    readonly #store: ViewStore;
    readonly #actions: ViewOptions['actions'];
    #logTimer: NodeJS.Timeout | undefined;

    constructor(store: ViewStore, actions: ViewOptions['actions']) {
        this.#store = store;
        this.#actions = actions;
    }

    press(key: Key): void {
        const command = this.#store.press(key);
        const { selected, models, dialog } = this.#store.latest;
        switch (command?.do) {
            case 'cancel':
                this.#store.notice('cancelling');
                this.#actions.cancel(command.all ? models.map((_, index) => index) : [selected]);
                break;
            case 'detach':
                this.#store.notice('leaving as soon as everything is sent; the jobs go on');
                this.#actions.detach();
                break;
            case 'leave':
                this.#actions.leave();
                break;
            case 'select':
            case undefined:
                break;
        }
        if (dialog === 'log') this.#readLog();
        else this.close();
    }

    close(): void {
        clearInterval(this.#logTimer);
        this.#logTimer = undefined;
    }

    #readLog(): void {
        if (this.#logTimer) return;
        const read = (): void => {
            const { models, selected } = this.#store.latest;
            const jobId = models[selected]?.jobId;
            if (jobId === undefined) return;
            this.#actions.log(jobId).then(
                (lines) => this.#store.showLog(lines),
                (error: Error) => this.#store.showLog([error.message]),
            );
        };
        read();
        this.#logTimer = setInterval(read, LOG_INTERVAL_MS);
    }
}

/**
 * Whether this is a CI has been decided, but Ink decides again when it is loaded, by the mere
 * presence of `CI` or any `CI_…`, and would show nothing; its colours go by them as well.
 */
async function outsideOfCi<T>(load: () => Promise<T>): Promise<T> {
    const names = Object.keys(process.env).filter((name) =>
        /^(CI|CI_.*|CONTINUOUS_INTEGRATION)$/.test(name),
    );
    const hidden = names.map((name) => [name, process.env[name]] as const);
    for (const name of names) delete process.env[name];
    try {
        return await load();
    } finally {
        for (const [name, value] of hidden) process.env[name] = value;
    }
}

/** The live view: drawn on stderr, so that stdout stays free for data. */
export async function openInkView(options: ViewOptions): Promise<EncodeView> {
    const [{ render, createElement }, { EncodeScreen }, { Keys }] = await outsideOfCi(() =>
        Promise.all([import('./ink.js'), import('./EncodeScreen.js'), import('./Keys.js')]),
    );
    const terminal = process.stderr;
    const size = (): TerminalSize => ({
        columns: terminal.columns || 80,
        rows: terminal.rows || 24,
    });
    const store = new ViewStore(options.files, size(), process.stdin.isTTY);
    const keyboard = new Keyboard(store, options.actions);
    const detached: string[] = [];
    const theme = chooseTheme(options.env);
    const element = createElement(
        Keys,
        { store, onKey: (key) => keyboard.press(key) },
        createElement(EncodeScreen, { store, theme }),
    );
    // Ink draws as soon as it learns of the new size: by then the content must fit into it.
    const { stream, stop } = watchSize(terminal, options.env, () => {
        store.resize(size());
        screen.rerender(element);
    });
    const screen = render(element, {
        stdout: stream,
        stderr: terminal,
        // Ctrl-C is a key like others, and a signal where keys cannot be read.
        exitOnCtrlC: false,
        patchConsole: false,
        maxFps: 15,
    });
    return {
        event(ref, event) {
            if (event.event === 'detached') detached.push(event.jobId);
            store.event(ref, event);
        },
        notice: (message) => store.notice(message),
        async close() {
            keyboard.close();
            store.close();
            // Draws at once what React would draw a moment later, when there is no screen any more.
            screen.rerender(element);
            screen.unmount();
            await screen.waitUntilExit();
            stop();
            detached.forEach(options.print);
        },
    };
}
