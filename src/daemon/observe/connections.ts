/** Counts connections and the bytes on them, uploads, results and messages alike. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export class Connections {
    readonly #open = new Set<Socket>();
    readonly #ended = { received: 0, sent: 0 };
    #webSockets = 0;

    constructor(server: Server) {
        server.on('connection', (socket) => {
            this.#open.add(socket);
            socket.once('close', () => {
                this.#open.delete(socket);
                this.#ended.received += socket.bytesRead;
                this.#ended.sent += socket.bytesWritten;
            });
        });
        server.on('upgrade', (_request, socket) => {
            this.#webSockets += 1;
            socket.once('close', () => (this.#webSockets -= 1));
        });
    }

    /** WebSockets included. */
    get open(): number {
        return this.#open.size;
    }

    get webSockets(): number {
        return this.#webSockets;
    }

    /** Bytes since the start. */
    get bytes(): { received: number; sent: number } {
        let { received, sent } = this.#ended;
        for (const socket of this.#open) {
            received += socket.bytesRead;
            sent += socket.bytesWritten;
        }
        return { received, sent };
    }
}
