/** From errors of the wire and of the network to KvzError. */
import { KvzError, isErrorCode } from '../protocol/errors.js';

/**
 * The error behind a code and message from the daemon. A newer daemon may know codes that this
 * client does not: those become `fallback`, with the code kept in the message.
 */
export function wireError(
    code: string,
    message: string,
    options: { fallback?: 'REJECTED' | 'INTERNAL'; jobId?: string | undefined } = {},
): KvzError {
    const details = options.jobId === undefined ? {} : { jobId: options.jobId };
    if (isErrorCode(code)) return new KvzError(code, message, details);
    return new KvzError(options.fallback ?? 'INTERNAL', `${message} (${code})`, details);
}

/** A connection that ended by itself: asking again over a new one may succeed. */
export class ConnectionLostError extends KvzError {
    constructor(message: string, options: { cause?: unknown; shuttingDown?: boolean } = {}) {
        super(options.shuttingDown ? 'SHUTTING_DOWN' : 'UNREACHABLE', message, {
            cause: options.cause,
        });
    }
}

/** The system's error code (ECONNREFUSED …) at the end of a chain of causes. */
export function systemCode(error: unknown): string | undefined {
    let current = error;
    while (current instanceof Error) {
        // Node tries each address of a name and reports all failures together.
        if (current instanceof AggregateError) {
            const first: unknown = current.errors[0];
            current = first;
            continue;
        }
        const code = (current as NodeJS.ErrnoException).code;
        if (code !== undefined && !(current instanceof KvzError)) return code;
        current = current.cause;
    }
    return undefined;
}

const REASONS: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connection refused',
    ECONNRESET: 'connection reset',
    EPIPE: 'connection closed',
    ENOTFOUND: 'no such host',
    EAI_AGAIN: 'the host name cannot be looked up now',
    ETIMEDOUT: 'no answer in time',
    EHOSTUNREACH: 'no route to the host',
    ENETUNREACH: 'the network is unreachable',
};

/** A few words on why a connection failed. */
export function connectionReason(error: unknown): string {
    const code = systemCode(error);
    const known = code === undefined ? undefined : REASONS[code];
    return known ?? (error instanceof Error ? error.message : String(error));
}
