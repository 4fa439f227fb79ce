import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { KvzError } from '../../protocol/errors.js';
import { MAX_MESSAGE_BYTES } from '../../protocol/limits.js';
import { checkHostAndOrigin } from '../auth.js';
import type { Context } from '../context.js';
import type { Handshake } from '../handshake.js';
import { Session } from './session.js';

const MAX_SOCKETS = 10_000;

/** Answers `/ws` on the HTTP server. @returns a function that sends every client away */
export function serveSockets(server: Server, context: Context, handshake: Handshake): () => void {
    const sockets = new WebSocketServer({
        noServer: true,
        maxPayload: MAX_MESSAGE_BYTES,
        // Our messages are small, and compression lets a client make us use memory.
        perMessageDeflate: false,
        clientTracking: false,
    });
    const sessions = new Set<Session>();

    const refuse = (socket: Duplex, status: number, code: string): void => {
        const body = JSON.stringify({ code });
        socket.end(
            `HTTP/1.1 ${status} ${code}\r\nConnection: close\r\n` +
                `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
    };

    server.on('upgrade', (request, socket, head) => {
        socket.on('error', (error) => context.log.debug({ err: error }, 'socket error'));
        try {
            checkHostAndOrigin(request);
            if (request.url?.split('?')[0] !== '/ws') {
                throw new KvzError('NOT_FOUND', 'sockets are at /ws');
            }
            if (sessions.size >= MAX_SOCKETS) {
                throw new KvzError('TOO_MANY_REQUESTS', 'too many clients');
            }
        } catch (error) {
            // Thrown on, it would end the process: nobody else catches what this listener throws.
            if (!(error instanceof KvzError)) context.log.error({ err: error }, 'upgrade');
            const known = error instanceof KvzError ? error : new KvzError('INTERNAL', '');
            refuse(socket, known.status, known.code);
            return;
        }
        sockets.handleUpgrade(request, socket, head, (webSocket) => {
            const session = new Session(context, handshake, webSocket);
            sessions.add(session);
            webSocket.on('close', () => sessions.delete(session));
        });
    });

    return () => {
        for (const session of sessions) session.shutDown();
    };
}
