/**
 * Ends requests that keep a connection and a leaf of memory busy by hardly moving at all. What
 * counts is progress, not time: a body may take days on an honest slow link, and a while in which
 * the daemon itself is slow, because its disk is, is not held against the client.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { KvzError } from '../../protocol/errors.js';
import { answerRaw } from './raw-answer.js';

export interface Progress {
    /** The time that is looked at, milliseconds. */
    windowMs: number;
    /** What must have moved in it, bytes. */
    minimumBytes: number;
}

interface Watched {
    request: IncomingMessage;
    response: ServerResponse;
    isReceiving: boolean;
    bytes: number;
    sinceMs: number;
}

/** Looks at each request this often in its window. */
const LOOKS_PER_WINDOW = 4;

export class ProgressGuard {
    readonly #progress: Progress;
    readonly #watched = new Set<Watched>();
    readonly #timer: NodeJS.Timeout;
    readonly #intervalMs: number;
    #lookedMs = performance.now();

    constructor(progress: Progress) {
        this.#progress = progress;
        this.#intervalMs = progress.windowMs / LOOKS_PER_WINDOW;
        this.#timer = setInterval(() => this.#look(performance.now()), this.#intervalMs).unref();
    }

    /** Watches a request until its answer is sent or its connection has ended. */
    watch(request: IncomingMessage, response: ServerResponse): void {
        const watched = { request, response, isReceiving: true, bytes: 0, sinceMs: 0 };
        this.#begin(watched, performance.now());
        this.#watched.add(watched);
        response.once('close', () => this.#watched.delete(watched));
    }

    stop(): void {
        clearInterval(this.#timer);
    }

    #begin(watched: Watched, nowMs: number): void {
        watched.isReceiving = !watched.request.complete;
        watched.bytes = this.#bytesMoved(watched);
        watched.sinceMs = nowMs;
    }

    #bytesMoved({ request: { socket }, isReceiving }: Watched): number {
        return isReceiving ? socket.bytesRead : socket.bytesWritten - socket.writableLength;
    }

    /** Whether the next step is the client's: what it sent is taken, or what it is to take is there. */
    #isClientsTurn({ request, response, isReceiving }: Watched): boolean {
        return isReceiving
            ? request.readableLength === 0
            : response.writableLength > 0 || request.socket.writableLength > 0;
    }

    #look(nowMs: number): void {
        const { windowMs, minimumBytes } = this.#progress;
        // This process did not run: what came meanwhile has not been read yet.
        const wasHeldUp = nowMs - this.#lookedMs > 2 * this.#intervalMs;
        this.#lookedMs = nowMs;
        for (const watched of this.#watched) {
            const isOther = watched.isReceiving === watched.request.complete;
            if (wasHeldUp || isOther || !this.#isClientsTurn(watched)) {
                this.#begin(watched, nowMs);
            } else if (nowMs - watched.sinceMs >= windowMs) {
                const moved = this.#bytesMoved(watched) - watched.bytes;
                if (moved < minimumBytes) this.#end(watched);
                else this.#begin(watched, nowMs);
            }
        }
    }

    #end(watched: Watched): void {
        this.#watched.delete(watched);
        const { request, response } = watched;
        if (response.headersSent) {
            request.socket.destroy();
            return;
        }
        const { windowMs, minimumBytes } = this.#progress;
        answerRaw(
            request.socket,
            new KvzError(
                'TOO_SLOW',
                `less than ${minimumBytes} bytes of the request came in ${windowMs / 1000} s`,
            ),
        );
    }
}
