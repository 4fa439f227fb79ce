import { KvzError } from '../protocol/errors.js';

/** What ended the work of an aborted signal, as an error that says so: INTERRUPTED or TIMED_OUT. */
export function abortError(signal: AbortSignal): KvzError {
    const reason: unknown = signal.reason;
    return reason instanceof KvzError ? reason : new KvzError('INTERRUPTED', 'interrupted');
}
