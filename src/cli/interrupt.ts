/**
 * Ctrl-C, other signals that end a command, and `--timeout`: work is ended in order, or at once.
 */
import { EXIT, KvzError } from '../protocol/errors.js';
import { formatDuration } from './ui/format.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** How long work that was interrupted may take to end in order. */
const ORDERLY_MS = 1_500;

/** The longest time that a timer of Node takes, milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Runs work that the user may interrupt: the first Ctrl-C aborts the signal and lets the work end
 * in order, the second ends the process at once.
 * @param work is given the signal, and a function that does what Ctrl-C does but leaves it no time
 * @param timeoutSeconds aborts the signal as well, with TIMED_OUT
 */
export async function interruptible<T>(
    work: (signal: AbortSignal, interrupt: () => void) => Promise<T>,
    timeoutSeconds?: number,
): Promise<T> {
    const controller = new AbortController();
    const onSignal = (): void => {
        if (controller.signal.aborted) process.exit(EXIT.interrupted);
        controller.abort(new KvzError('INTERRUPTED', 'interrupted'));
    };
    const interrupt = (): void => {
        onSignal();
        setTimeout(() => process.exit(EXIT.interrupted), ORDERLY_MS).unref();
    };
    for (const name of SIGNALS) process.on(name, onSignal);
    const timer =
        timeoutSeconds === undefined
            ? undefined
            : setTimeout(
                  () => {
                      const time = formatDuration(timeoutSeconds);
                      controller.abort(new KvzError('TIMED_OUT', `not done within ${time}`));
                  },
                  Math.min(timeoutSeconds * 1000, LONGEST_MS),
              );
    try {
        return await work(controller.signal, interrupt);
    } finally {
        clearTimeout(timer);
        for (const name of SIGNALS) process.off(name, onSignal);
    }
}
