/** Answers to what node:http cannot read as a request; no route ever sees these. */
import type { Socket } from 'node:net';
import type { ConnectionError } from 'fastify';
import { KvzError } from '../../protocol/errors.js';
import { answerRaw } from './raw-answer.js';

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

/** Answers and ends the connection. */
export function answerBrokenRequest(error: ConnectionError, socket: Socket): void {
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    const known = asKvzError(error);
    const status = STATUS[error.code] ?? known.status;
    answerRaw(socket, known, { status, retryAfterSeconds: 0 });
}
