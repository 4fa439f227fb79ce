import { EXIT, KvzError } from '../protocol/errors.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs work that the user may interrupt: the first Ctrl-C aborts the signal and lets the work end
 * in order, the second ends the process at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const onSignal = (): void => {
        if (controller.signal.aborted) process.exit(EXIT.interrupted);
        controller.abort(new KvzError('INTERRUPTED', 'interrupted'));
    };
    for (const name of SIGNALS) process.on(name, onSignal);
    try {
        return await work(controller.signal);
    } finally {
        for (const name of SIGNALS) process.off(name, onSignal);
    }
}
