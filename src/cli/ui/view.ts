/** A view of an encode command: it is told all events and shows them in its way. */
import type { EncodeEvent, FileRef } from '../../client/events.js';

export interface EncodeView {
    event(ref: FileRef, event: EncodeEvent): void;
    /** Something about the command as a whole, such as a lost connection. */
    notice(message: string): void;
    /** Shows what is left to show and gives the terminal back. */
    close(): Promise<void>;
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
}

/** Whether the terminal can be redrawn: live views need that. */
export function isLiveTerminal(env: NodeJS.ProcessEnv): boolean {
    const ci = env['CI'];
    return (
        process.stdout.isTTY &&
        process.stderr.isTTY &&
        env['TERM'] !== 'dumb' &&
        (!ci || ci === 'false' || ci === '0')
    );
}

/** The view for a wish; live ones need a terminal, without one there are lines. */
export function chooseView(wish: ViewName | undefined, env: NodeJS.ProcessEnv): ViewName {
    const live = isLiveTerminal(env);
    if (wish === undefined) return live ? 'ui' : 'plain';
    return (wish === 'ui' || wish === 'bar') && !live ? 'plain' : wish;
}

export async function openView(name: ViewName | 'json', options: ViewOptions): Promise<EncodeView> {
    switch (name) {
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
