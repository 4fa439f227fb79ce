/** What is sent to one client, bounded for one that reads too slowly. */
import type { Duplex } from 'node:stream';
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

/** The last frame of a message, which here is the only one, of text (RFC 6455, 5.2). */
const FINAL_TEXT = 0x81;
/** Instead of a length: it follows in two or eight bytes, where seven bits are too few for it. */
const LENGTH_IN_TWO = 126;
const LENGTH_IN_EIGHT = 127;

/** A text message as a server sends it, which is the same for every client: only theirs are masked. */
function textFrame(text: string): Buffer {
    const length = Buffer.byteLength(text);
    const lengthBytes = length < LENGTH_IN_TWO ? 0 : length < 0x1_0000 ? 2 : 8;
    const frame = Buffer.allocUnsafe(2 + lengthBytes + length);
    frame[0] = FINAL_TEXT;
    if (lengthBytes === 0) frame[1] = length;
    else frame[1] = lengthBytes === 2 ? LENGTH_IN_TWO : LENGTH_IN_EIGHT;
    if (lengthBytes === 2) frame.writeUInt16BE(length, 2);
    if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(length), 2);
    frame.write(text, 2 + lengthBytes);
    return frame;
}

const framesOfEvents = new WeakMap<JobEvent, Buffer>();

/** An event as it is sent, written once for however many clients of its user there are. */
function frameOf(event: JobEvent): Buffer {
    let frame = framesOfEvents.get(event);
    if (!frame) framesOfEvents.set(event, (frame = textFrame(JSON.stringify(event))));
    return frame;
}

export class Sender {
    readonly #socket: WebSocket;
    readonly #stream: Duplex;
    #lastBuffered = 0;

    /**
     * @param stream what lies below the WebSocket. Whole frames are written to it, beside those of
     *     ws, which writes each of its own at one go where it compresses nothing.
     */
    constructor(socket: WebSocket, stream: Duplex) {
        this.#socket = socket;
        this.#stream = stream;
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

    /** @returns the bytes it took; 0 when it was not sent, as the connection is at its end */
    send(message: ServerMessage): number {
        return this.#write(textFrame(JSON.stringify(message)));
    }

    sendEvent(event: JobEvent): void {
        if (event.progress && this.isCongested) return;
        this.#write(frameOf(event));
    }

    #write(frame: Buffer): number {
        const socket = this.#socket;
        if (socket.readyState !== socket.OPEN) return 0;
        if (socket.bufferedAmount > DROP_BYTES) {
            socket.close(CLOSE.tooSlow, 'TOO_SLOW');
            socket.terminate();
            return 0;
        }
        this.#stream.write(frame);
        return frame.length;
    }
}
