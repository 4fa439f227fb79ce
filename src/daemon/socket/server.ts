/** WebSockets: which requests become one, and how many there may be. */
import type { Server } from 'node:http';
import { WebSocketServer } from 'ws';
import { KvzError } from '../../protocol/errors.js';
import { MAX_MESSAGE_BYTES } from '../../protocol/limits.js';
import type { Context } from '../context.js';
import type { Handshake } from '../handshake/handshake.js';
import { answerRaw } from '../http/raw-answer.js';
import { Session } from './session.js';

const CLOSE_TIMEOUT_MS = 5_000;

/** Answers `/ws` on the HTTP server. @returns a function that sends every client away */
export function serveSockets(server: Server, context: Context, handshake: Handshake): () => void {
    const options = {
        noServer: true,
        maxPayload: MAX_MESSAGE_BYTES,
        // Our messages are small, and compression lets a client make us use memory.
        perMessageDeflate: false,
        clientTracking: false,
        // A client that was told to go and does not.
        closeTimeout: CLOSE_TIMEOUT_MS,
    };
    const sockets = new WebSocketServer(options);
    const sessions = new Set<Session>();

    server.on('upgrade', (request, socket, head) => {
        const { gate, limits } = context;
        let introduced: () => void;
        const address = gate.addressOf(request);
        socket.on('error', (error) => context.log.debug({ err: error }, 'socket error'));
        try {
            gate.check(request);
            if (request.url?.split('?')[0] !== '/ws') {
                throw new KvzError('NOT_FOUND', 'sockets are at /ws');
            }
            if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
                throw new KvzError('BAD_MESSAGE', 'only WebSockets are served here');
            }
            introduced = limits.openPending(address);
            socket.once('close', introduced);
        } catch (error) {
            // Thrown on, it would end the process: nobody else catches what this listener throws.
            if (!(error instanceof KvzError)) context.log.error({ err: error }, 'upgrade');
            const known = error instanceof KvzError ? error : new KvzError('INTERNAL', '');
            answerRaw(socket, known);
            return;
        }
        sockets.handleUpgrade(request, socket, head, (webSocket) => {
            const session = new Session(context, handshake, webSocket, {
                address,
                introduced,
            });
            sessions.add(session);
            webSocket.on('close', () => sessions.delete(session));
        });
    });

    return () => {
        for (const session of sessions) session.shutDown();
    };
}
