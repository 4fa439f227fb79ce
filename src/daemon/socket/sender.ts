/** What is sent to one client, bounded for one that reads too slowly. */
import type { WebSocket } from 'ws';
import type { JobEvent, ServerMessage } from '../../protocol/messages.js';

/** While this much waits to be sent, progress is left out: the next one says it better. */
const COALESCE_BYTES = 256 * 1024;
/** A client that lets this much pile up is dropped; it connects again and gets what it missed. */
const DROP_BYTES = 4 * 1024 * 1024;

/** WebSocket close codes of ours; 4000 to 4999 are free for applications (RFC 6455, 7.4.2). */
export const CLOSE = {
    badHandshake: 4000,
    tooSlow: 4001,
    shuttingDown: 4002,
    tokenEnded: 4003,
} as const;

const bytesOfEvents = new WeakMap<JobEvent, Buffer>();

/** An event as it is sent, written once for however many clients of its user there are. */
function bytesOf(event: JobEvent): Buffer {
    let bytes = bytesOfEvents.get(event);
    if (!bytes) bytesOfEvents.set(event, (bytes = Buffer.from(JSON.stringify(event))));
    return bytes;
}

export class Sender {
    readonly #socket: WebSocket;
    #lastBuffered = 0;

    constructor(socket: WebSocket) {
        this.#socket = socket;
    }

    /** Whether so much waits to be sent that the client should be asked to read first. */
    get isCongested(): boolean {
        return this.#socket.bufferedAmount > COALESCE_BYTES;
    }

    /** Whether the client has taken something of what waits since this was asked last. */
    hasMoved(): boolean {
        const { bufferedAmount } = this.#socket;
        const moved = bufferedAmount < this.#lastBuffered;
        this.#lastBuffered = bufferedAmount;
        return moved;
    }

    /** @returns the bytes of the message; 0 when it was not sent, as the connection is at its end */
    send(message: ServerMessage): number {
        return this.#write(Buffer.from(JSON.stringify(message)));
    }

    sendEvent(event: JobEvent): void {
        if (event.progress && this.isCongested) return;
        this.#write(bytesOf(event));
    }

    #write(bytes: Buffer): number {
        const socket = this.#socket;
        if (socket.readyState !== socket.OPEN) return 0;
        if (socket.bufferedAmount > DROP_BYTES) {
            socket.close(CLOSE.tooSlow, 'TOO_SLOW');
            socket.terminate();
            return 0;
        }
        socket.send(bytes, { binary: false });
        return bytes.length;
    }
}
