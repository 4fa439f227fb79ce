/** The life of the live view: the alternate screen, asking the daemon, and the way back. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../../client/client.js';
import type { CliContext, ServerFlags } from '../context.js';
import { interruptible } from '../interrupt.js';
import { chooseTheme } from '../ui/theme.js';
import type { TerminalSize } from '../ui/view-store.js';
import { fetchQueue } from './queue-data.js';
import { TopStore } from './top-store.js';

/** How often everything is asked for, milliseconds; events tell of progress in between. */
const POLL_MS = 1_000;

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[2J\u001b[H';
const CLEAR = '\u001b[2J\u001b[H';
// tmux moves rows of a screen that has grown into what lies before it when it takes the old size.
const LEAVE = `${CLEAR}\u001b[?25h\u001b[?1049l`;

/** Asks for the data again and again until the signal ends it, and at once when it is told to. */
class Poller {
    readonly #client: Client;
    readonly #store: TopStore;
    #wake: AbortController | undefined;

    constructor(client: Client, store: TopStore) {
        this.#client = client;
        this.#store = store;
    }

    refresh(): void {
        this.#wake?.abort();
    }

    async run(signal: AbortSignal): Promise<void> {
        while (!signal.aborted) {
            const wake = new AbortController();
            this.#wake = wake;
            this.#store.setData(await fetchQueue(this.#client, this.#store.all));
            const either = AbortSignal.any([signal, wake.signal]);
            await delay(POLL_MS, undefined, { signal: either }).catch(() => undefined);
        }
    }
}

/** Shows the queue until the user leaves. The terminal is given back however it ends. */
export async function showLiveTop(
    context: CliContext,
    flags: ServerFlags & { all?: boolean },
): Promise<void> {
    await interruptible(async (interrupted) => {
        const left = new AbortController();
        const signal = AbortSignal.any([interrupted, left.signal]);
        const holder: { store?: TopStore } = {};
        const client = await context.connect(flags, {
            signal,
            onAway: (reason) =>
                holder.store?.setAway(reason && `${reason.message}; waiting for the daemon`),
        });
        try {
            const terminal = process.stdout;
            const size = (): TerminalSize => ({
                columns: terminal.columns || 80,
                rows: terminal.rows || 24,
            });
            const store = new TopStore(
                {
                    cancel: (jobId) => client.cancel(jobId),
                    retry: (jobId) => client.retry(jobId),
                    prioritise: (jobId, priority) => client.prioritise(jobId, priority),
                    pauseQueue: () => client.pauseQueue(),
                    resumeQueue: () => client.resumeQueue(),
                    refresh: () => poller.refresh(),
                    quit: () => left.abort(new Error('the user has left')),
                },
                size(),
                flags.all ?? false,
            );
            holder.store = store;
            const poller = new Poller(client, store);
            // What the daemon refuses at once is told without any screen.
            store.setData(await fetchQueue(client, store.all));
            const end = client.onJobEvent((event) => store.event(event));
            const close = await openScreen(store, context.env, size);
            try {
                await poller.run(signal);
            } catch (error) {
                if (!signal.aborted) throw error;
            } finally {
                end();
                store.close();
                await close();
            }
            interrupted.throwIfAborted();
        } finally {
            client.close();
        }
    });
}

/** @returns gives the terminal back */
async function openScreen(
    store: TopStore,
    env: NodeJS.ProcessEnv,
    size: () => TerminalSize,
): Promise<() => Promise<void>> {
    const [{ render, createElement }, { TopScreen }] = await Promise.all([
        import('../ui/ink.js'),
        import('./TopScreen.js'),
    ]);
    const terminal = process.stdout;
    const restore = (): void => void terminal.write(LEAVE);
    // Also for an error that nobody caught.
    process.once('exit', restore);
    terminal.write(ENTER);
    const onResize = (): void => {
        // Ink would erase as many lines as it has drawn; on this screen everything is ours.
        terminal.write(CLEAR);
        store.resize(size());
    };
    terminal.prependListener('resize', onResize);
    const screen = render(createElement(TopScreen, { store, theme: chooseTheme(env) }), {
        stdout: terminal,
        exitOnCtrlC: false,
        patchConsole: false,
        maxFps: 10,
    });
    return async () => {
        terminal.off('resize', onResize);
        screen.unmount();
        await screen.waitUntilExit();
        process.off('exit', restore);
        restore();
    };
}
