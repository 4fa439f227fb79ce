/** Connections that are kept busy for nothing. Each function gives one that ends it. */
import type { WebSocket } from 'ws';
import { bareSocket, openSocket } from './bare-socket.js';

/** How much may wait in this process to be sent. */
const AHEAD_BYTES = 1_000_000;

/** Heads of requests that come a byte at a time and never end. */
export function slowloris(url: string, connections: number): () => void {
    const sockets = Array.from({ length: connections }, () => bareSocket(url));
    const timer = setInterval(() => {
        sockets.forEach((socket, index) => {
            if (socket.destroyed) sockets[index] = bareSocket(url);
            else socket.write('X');
        });
    }, 200);
    return () => {
        clearInterval(timer);
        for (const socket of sockets) socket.destroy();
    };
}

/** Sends as much as the connection takes. */
async function sendWithoutEnd(
    url: string,
    token: string,
    message: object,
    each: (socket: WebSocket) => void,
): Promise<() => void> {
    const socket = await openSocket(url);
    socket.send(JSON.stringify({ type: 'init', id: 0, protocol: 1, token }));
    const text = JSON.stringify({ ...message, id: 1 });
    const timer = setInterval(() => {
        for (let i = 0; i < 500 && socket.bufferedAmount < AHEAD_BYTES; i += 1) {
            socket.send(text);
            each(socket);
        }
    }, 10);
    return () => {
        clearInterval(timer);
        socket.terminate();
    };
}

/** A socket that asks and reads no answer. */
export async function neverReads(url: string, token: string): Promise<() => void> {
    return sendWithoutEnd(url, token, { type: 'options.validate', options: {} }, (socket) =>
        socket.pause(),
    );
}

/** Messages and pings, for the longest lists that there are. */
export async function floods(url: string, token: string): Promise<() => void> {
    return sendWithoutEnd(url, token, { type: 'jobs.list', limit: 1000 }, (socket) =>
        socket.ping(),
    );
}

/** HTTP requests as fast as the connections take them, sent ahead of their answers. */
export function floodsHttp(url: string, token: string, connections: number): () => void {
    const request =
        `GET /jobs/none/result HTTP/1.1\r\nHost: ${new URL(url).host}\r\n` +
        `Authorization: Bearer ${token}\r\n\r\n`;
    const sockets = Array.from({ length: connections }, () => bareSocket(url).resume());
    const timer = setInterval(() => {
        sockets.forEach((socket, index) => {
            if (socket.destroyed) sockets[index] = bareSocket(url).resume();
            else if (socket.writableLength < AHEAD_BYTES) socket.write(request.repeat(10));
        });
    }, 20);
    return () => {
        clearInterval(timer);
        for (const socket of sockets) socket.destroy();
    };
}
