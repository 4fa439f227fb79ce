/** Answers to what node:http cannot read as a request; no route ever sees these. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionError } from 'fastify';
import { KvzError } from '../protocol/errors.js';

/** Codes of node:http (llhttp's begin with HPE) with another status than 400. */
const STATUS: Readonly<Record<string, number>> = {
    ERR_HTTP_REQUEST_TIMEOUT: 408,
    HPE_HEADER_OVERFLOW: 431,
};

function asKvzError(error: ConnectionError): KvzError {
    // A body that ends before its Content-Length is no fault of the request: a 400 would end the
    // upload of every client that takes it as final, as Resumable.js does.
    if (error.code === 'HPE_INVALID_EOF_STATE') {
        return new KvzError('UPLOAD_INTERRUPTED', 'the request broke off');
    }
    return new KvzError('BAD_MESSAGE', `this is no request: ${error.message}`);
}

/** Writes an answer by hand, as there is no request to reply to, and ends the connection. */
export function answerBrokenRequest(error: ConnectionError, socket: Socket): void {
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    const known = asKvzError(error);
    const status = STATUS[error.code] ?? known.status;
    const body = JSON.stringify({ code: known.code, message: known.message });
    if (socket.writable) {
        socket.write(
            `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n` +
                'Content-Type: application/json\r\n' +
                `Content-Length: ${Buffer.byteLength(body)}\r\n` +
                `${status === 503 ? 'Retry-After: 0\r\n' : ''}Connection: close\r\n\r\n${body}`,
        );
    }
    socket.destroy(error);
}
