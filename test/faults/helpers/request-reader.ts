/** Reads HTTP requests off a socket, one after the other, as the bytes that they are. */
import type { Socket } from 'node:net';

const END_OF_HEAD = Buffer.from('\r\n\r\n');

export interface RequestHead {
    /** All of it, with the empty line at its end. */
    bytes: Buffer;
    method: string;
    path: string;
    contentLength: number;
    /** Of a chunk that the daemon is asked to read itself; else 0. */
    localBytes: number;
    isUpgrade: boolean;
}

function parseHead(bytes: Buffer): RequestHead {
    const text = bytes.toString('latin1');
    const [method = '', path = ''] = text.split(' ', 2);
    return {
        bytes,
        method,
        path,
        contentLength: Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0),
        localBytes: /\r\nkvz-local-source:/i.test(text)
            ? Number(/[?&]resumableCurrentChunkSize=(\d+)/.exec(path)?.[1])
            : 0,
        isUpgrade: /\r\nupgrade:/i.test(text),
    };
}

/** The daemon takes requests under its own name only, so a proxy in front of it puts that in. */
function withHost(head: Buffer, host: string): Buffer {
    const text = head.toString('latin1').replace(/\r\nhost: [^\r]*/i, `\r\nHost: ${host}`);
    return Buffer.from(text, 'latin1');
}

export class RequestReader {
    readonly #host: string;
    readonly #pieces: AsyncIterator<Buffer>;
    #buffer: Buffer = Buffer.alloc(0);

    /** @param host what the requests are to be sent to */
    constructor(socket: Socket, host: string) {
        this.#host = host;
        this.#pieces = (socket as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    }

    /** The head of the next request; undefined at the end. */
    async head(): Promise<RequestHead | undefined> {
        for (;;) {
            const end = this.#buffer.indexOf(END_OF_HEAD);
            if (end >= 0) {
                const bytes = this.#take(end + END_OF_HEAD.length);
                return parseHead(withHost(bytes, this.#host));
            }
            const piece = await this.#pieces.next();
            if (piece.done) return undefined;
            this.#buffer = Buffer.concat([this.#buffer, piece.value]);
        }
    }

    /** The next `length` bytes, or everything up to the end, in pieces as they come. */
    async *body(length = Number.POSITIVE_INFINITY): AsyncGenerator<Buffer> {
        let left = length;
        while (left > 0) {
            if (this.#buffer.length === 0) {
                const piece = await this.#pieces.next();
                if (piece.done) return;
                this.#buffer = piece.value;
            }
            const part = this.#take(Math.min(left, this.#buffer.length));
            left -= part.length;
            yield part;
        }
    }

    #take(length: number): Buffer {
        const part = this.#buffer.subarray(0, length);
        this.#buffer = this.#buffer.subarray(length);
        return part;
    }
}
