/** How many connections there may be, before anything is read from them. */
import type { RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Settings } from '../../config/settings.js';
import { KvzError } from '../../protocol/errors.js';
import type { Gate } from '../access/gate.js';
import { networkOf } from '../access/limits.js';
import { answerRaw } from './raw-answer.js';

/** Requests of one connection that are answered at once; no client of ours sends two. */
const MAX_PIPELINED = 4;

/** @param isPlain whether a refusal can be written without a TLS handshake */
export function limitConnections(
    server: Server,
    gate: Gate,
    settings: Pick<Settings, 'connections' | 'connectionsPerAddress'>,
    isPlain: boolean,
): void {
    const { connections, connectionsPerAddress } = settings;
    const counts = new Map<string, number>();
    // Over this, node:net closes what comes.
    server.maxConnections = connections;
    server.on('connection', (socket: Socket) => {
        if (gate.isTrustedProxy(socket.remoteAddress)) return;
        const network = networkOf(socket.remoteAddress ?? '');
        const count = (counts.get(network) ?? 0) + 1;
        counts.set(network, count);
        socket.once('close', () => {
            const left = (counts.get(network) ?? 1) - 1;
            if (left === 0) counts.delete(network);
            else counts.set(network, left);
        });
        if (count <= connectionsPerAddress) return;
        if (!isPlain) socket.destroy();
        else answerRaw(socket, new KvzError('TOO_MANY_SOCKETS', 'too many connections are open'));
    });
    dropPipelined(server);
}

/**
 * Ends connections that send far ahead. One read may hold hundreds of requests, which node:http
 * hands on all at once: those behind the limit are dropped before anything is done about them.
 */
function dropPipelined(server: Server): void {
    const handlers = server.listeners('request') as RequestListener[];
    server.removeAllListeners('request');
    const inWork = new WeakMap<Socket, number>();
    server.on('request', (request, response) => {
        const { socket } = request;
        if (socket.destroyed) return;
        const count = (inWork.get(socket) ?? 0) + 1;
        if (count > MAX_PIPELINED) {
            socket.destroy();
            return;
        }
        inWork.set(socket, count);
        response.once('close', () => inWork.set(socket, (inWork.get(socket) ?? 1) - 1));
        for (const handle of handlers) handle(request, response);
    });
}
