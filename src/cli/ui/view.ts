/** A view of an encode command: it is told all events and shows them in its way. */
import type { EncodeEvent, FileRef } from '../../client/events.js';

export interface EncodeView {
    event(ref: FileRef, event: EncodeEvent): void;
    /** Something about the command as a whole, such as a lost connection. */
    notice(message: string): void;
    /** Shows what is left to show and gives the terminal back. */
    close(): Promise<void>;
}

/** What the keys of a live view do. */
export interface ViewActions {
    /** Cancels the jobs of files, by their indices. */
    cancel: (indices: readonly number[]) => void;
    /** Leaves once everything is at the daemon. */
    detach: () => void;
    /** Leaves at once. */
    leave: () => void;
    /** The last lines that a job's programs wrote. */
    log: (jobId: string) => Promise<readonly string[]>;
}

export const VIEW_NAMES = ['ui', 'bar', 'plain', 'none'] as const;
export type ViewName = (typeof VIEW_NAMES)[number];

export interface ViewOptions {
    /** Inputs as the user gave them, in the order of their indices. */
    files: readonly string[];
    /** Data, one line each. */
    print: (line: string) => void;
    /** Messages, one line each. */
    say: (message: string) => void;
    env: NodeJS.ProcessEnv;
    /** Say nothing that is no error. */
    quiet?: boolean;
    actions: ViewActions;
}

/**
 * Whether the terminal can be redrawn: live views need that. They are drawn on stderr, but a
 * stdout that is no terminal is read by somebody who wants the summaries there.
 * @param stdoutIsData nothing but a result goes to stdout
 */
export function isLiveTerminal(env: NodeJS.ProcessEnv, stdoutIsData = false): boolean {
    const ci = env['CI'];
    return (
        (process.stdout.isTTY || stdoutIsData) &&
        process.stderr.isTTY &&
        env['TERM'] !== 'dumb' &&
        (!ci || ci === 'false' || ci === '0')
    );
}

/** The view for a wish; live ones need a terminal, without one there are lines. */
export function chooseView(
    wish: ViewName | undefined,
    env: NodeJS.ProcessEnv,
    { stdoutIsData = false } = {},
): ViewName {
    const live = isLiveTerminal(env, stdoutIsData);
    if (wish === undefined) return live ? 'ui' : 'plain';
    return (wish === 'ui' || wish === 'bar') && !live ? 'plain' : wish;
}

export async function openView(name: ViewName | 'json', options: ViewOptions): Promise<EncodeView> {
    const chosen = options.quiet && name !== 'json' ? 'none' : name;
    switch (chosen) {
        case 'json': {
            const { JsonView } = await import('./json-view.js');
            return new JsonView(options);
        }
        case 'ui': {
            const { openInkView } = await import('./ink-view.js');
            return openInkView(options);
        }
        case 'bar': {
            const { BarView } = await import('./bar-view.js');
            return new BarView(options);
        }
        case 'plain': {
            const { PlainView } = await import('./plain-view.js');
            return new PlainView(options);
        }
        case 'none': {
            const { QuietView } = await import('./quiet-view.js');
            return new QuietView(options);
        }
    }
}
