import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';

/** A connection whose failure is nobody's. */
export function bareSocket(url: string): Socket {
    const { port, hostname } = new URL(url);
    const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: false });
    socket.on('error', () => undefined);
    return socket;
}

/** A WebSocket that is open. @throws Error when the daemon takes none */
export async function openSocket(url: string): Promise<WebSocket> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
    socket.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
        socket.once('open', () => resolve());
        socket.once('close', () => reject(new Error('the daemon takes no connection')));
    });
    return socket;
}
