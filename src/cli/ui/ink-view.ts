import type { EncodeView, ViewOptions } from './view.js';
import { watchSize } from './reflow.js';
import { chooseTheme } from './theme.js';
import { ViewStore } from './view-store.js';
import type { TerminalSize } from './view-store.js';

/** The live view: drawn on stderr, so that stdout stays free for data. */
export async function openInkView(options: ViewOptions): Promise<EncodeView> {
    // React's development build is several times slower. It is chosen when the first of React's
    // modules is loaded, so none of them may be imported by this one.
    process.env['NODE_ENV'] ??= 'production';
    const [{ render }, { createElement }, { EncodeScreen }] = await Promise.all([
        import('ink'),
        import('react'),
        import('./EncodeScreen.js'),
    ]);
    const terminal = process.stderr;
    const size = (): TerminalSize => ({
        columns: terminal.columns || 80,
        rows: terminal.rows || 24,
    });
    const store = new ViewStore(options.files, size());
    const detached: string[] = [];
    const element = createElement(EncodeScreen, { store, theme: chooseTheme(options.env) });
    // Ink draws as soon as it learns of the new size: by then the content must fit into it.
    const { stream, stop } = watchSize(terminal, options.env, () => {
        store.resize(size());
        screen.rerender(element);
    });
    const screen = render(element, {
        stdout: stream,
        stderr: terminal,
        // Ctrl-C is handled by the command, which closes this view.
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
            store.flush();
            // Draws at once what React would draw a moment later, when there is no screen any more.
            screen.rerender(element);
            screen.unmount();
            await screen.waitUntilExit();
            stop();
            detached.forEach(options.print);
        },
    };
}
