/** An HTTP answer written by hand, where there is no request that fastify could answer. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { KvzError } from '../../protocol/errors.js';

/** For how long a client that still sends can read the answer. */
const LINGER_MS = 500;

/**
 * Writes the error and ends the connection, soon also for a client that does not.
 * @param options.retryAfterSeconds for a status of 503; 2 by default
 */
export function answerRaw(
    socket: Duplex,
    error: KvzError,
    options: { status?: number; retryAfterSeconds?: number } = {},
): void {
    const { status = error.status, retryAfterSeconds = 2 } = options;
    const body = JSON.stringify({ code: error.code, message: error.message });
    if (!socket.writable) {
        socket.destroy();
        return;
    }
    // Closed with something unread, the system would take the answer back.
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
    socket.end(
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n` +
            'Content-Type: application/json\r\n' +
            `Content-Length: ${Buffer.byteLength(body)}\r\n` +
            (status === 503 ? `Retry-After: ${retryAfterSeconds}\r\n` : '') +
            `Connection: close\r\n\r\n${body}`,
    );
}
