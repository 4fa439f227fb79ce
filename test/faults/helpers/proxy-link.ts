/** One client's connection through the proxy, and the one to the daemon that belongs to it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from './fault.js';
import type { FaultProxy } from './proxy.js';
import { RequestReader, type RequestHead } from './request-reader.js';

/** Writes and waits until the other side keeps up; a connection that is gone is no error here. */
async function write(socket: Socket, bytes: Uint8Array): Promise<void> {
    if (socket.destroyed || bytes.length === 0 || socket.write(bytes)) return;
    const ended = new AbortController();
    const onClose = (): void => ended.abort();
    socket.once('close', onClose);
    await once(socket, 'drain', { signal: ended.signal }).catch(() => undefined);
    socket.off('close', onClose);
}

function withByte(bytes: Buffer, offset: number, byte: number): Buffer {
    const copy = Buffer.from(bytes);
    copy[offset] = byte;
    return copy;
}

export class ProxyLink {
    /** Resolves when both sides are closed. */
    readonly ended: Promise<void>;
    readonly #proxy: FaultProxy;
    readonly #client: Socket;
    #upstream: Socket | undefined;
    /** The next answer does not reach the client. */
    #losesAnswer = false;
    /** The answer that is under way is a source. */
    #isSource = false;
    #answered: () => void = () => undefined;

    constructor(proxy: FaultProxy, client: Socket) {
        this.#proxy = proxy;
        this.#client = client;
        client.on('error', () => undefined);
        client.on('close', () => this.#upstream?.destroy());
        this.ended = this.#run();
    }

    async #run(): Promise<void> {
        const reader = new RequestReader(this.#client, `127.0.0.1:${this.#proxy.daemonPort}`);
        try {
            for (let head = await reader.head(); head; head = await reader.head()) {
                await this.#proxy.gate.pass();
                this.#notice(head);
                if (head.isUpgrade) {
                    await this.#stream(head, reader);
                    break;
                }
                if (head.method === 'POST' && head.path.startsWith('/upload')) {
                    await this.#chunk(head, reader);
                } else {
                    await write(this.#daemon(), head.bytes);
                    for await (const part of reader.body(head.contentLength)) {
                        await this.#proxy.pace(part.length);
                        await write(this.#daemon(), part);
                    }
                }
            }
        } catch {
            // The client has gone.
        }
        this.#client.destroy();
        this.#upstream?.destroy();
    }

    #notice({ path, bytes }: RequestHead): void {
        this.#isSource = /^\/worker\/[^/]+\/source\?/.test(path);
        if (!this.#isSource) return;
        const from = /\r\nrange: bytes=(\d+)-/i.exec(bytes.toString('latin1'))?.[1];
        this.#proxy.sourceOffsets.push(Number(from));
    }

    /** Ends both sides with a reset. */
    cut(): void {
        this.#client.resetAndDestroy();
        this.#upstream?.resetAndDestroy();
    }

    #daemon(): Socket {
        if (this.#upstream) return this.#upstream;
        const upstream = connect(this.#proxy.daemonPort, '127.0.0.1');
        this.#upstream = upstream;
        upstream.on('error', () => this.#client.resetAndDestroy());
        void this.#passAnswers(upstream);
        return upstream;
    }

    async #passAnswers(upstream: Socket): Promise<void> {
        try {
            for await (const part of upstream as AsyncIterable<Buffer>) {
                if (this.#losesAnswer) return this.cut();
                await this.#proxy.gate.pass();
                await this.#proxy.pace(part.length);
                if (this.#isSource) await this.#passSource(part);
                else await write(this.#client, part);
                this.#answered();
            }
        } catch {
            // The daemon has gone.
        }
        this.#client.end();
    }

    async #passSource(part: Buffer): Promise<void> {
        const { sources, changeSource } = this.#proxy;
        for (let done = 0; done < part.length && !this.#client.destroyed;) {
            const taken = await sources.take(part.length - done);
            await write(this.#client, changeSource(part.subarray(done, done + taken)));
            done += taken;
            sources.passed();
        }
    }

    /** A WebSocket: bytes in both directions, held by the gate as everything else. */
    async #stream(head: RequestHead, reader: RequestReader): Promise<void> {
        await write(this.#daemon(), head.bytes);
        for await (const part of reader.body()) {
            await this.#proxy.gate.pass();
            await write(this.#daemon(), part);
        }
    }

    async #chunk(head: RequestHead, reader: RequestReader): Promise<void> {
        const fault = this.#proxy.faultFor(head);
        switch (fault?.kind) {
            case undefined:
                return this.#forward(head.bytes, head, reader);
            case 'delay':
                await delay(fault.delayMs);
                return this.#forward(head.bytes, head, reader);
            case 'corrupt-head':
                return this.#forward(withByte(head.bytes, fault.offset, fault.byte), head, reader);
            case 'corrupt-body':
            case 'cut':
            case 'truncate':
                return this.#forward(head.bytes, head, reader, fault);
            case 'lose-answer':
                this.#losesAnswer = true;
                return this.#forward(head.bytes, head, reader);
            case 'duplicate':
                return this.#duplicate(head, reader, fault.when);
            case 'answer':
                return this.#answer(head, reader, fault);
        }
    }

    async #forward(
        headBytes: Buffer,
        head: RequestHead,
        reader: RequestReader,
        fault?: Extract<Fault, { kind: 'corrupt-body' | 'cut' | 'truncate' }>,
    ): Promise<void> {
        const { gate } = this.#proxy;
        // What the daemon is to read itself it may read when so many bytes of a body could pass.
        for (let left = head.localBytes; left > 0;) {
            const taken = await gate.take(left);
            left -= taken;
            this.#proxy.localBytes += taken;
            gate.passed();
        }
        const daemon = this.#daemon();
        await write(daemon, headBytes);
        let sent = 0;
        for await (const part of reader.body(head.contentLength)) {
            this.#proxy.bodyBytes += part.length;
            for (let done = 0; done < part.length;) {
                const taken = await gate.take(part.length - done);
                let bytes = part.subarray(done, done + taken);
                if (fault?.kind === 'corrupt-body') {
                    const at = fault.offset - sent;
                    const byte = bytes[at];
                    if (byte !== undefined) bytes = withByte(bytes, at, byte ^ 1);
                } else if (fault && sent + taken >= fault.afterBytes) {
                    await write(daemon, bytes.subarray(0, fault.afterBytes - sent));
                    return this.#breakOff(daemon, fault.kind);
                }
                await this.#proxy.pace(bytes.length);
                await write(daemon, bytes);
                done += taken;
                sent += taken;
                gate.passed();
            }
        }
        this.#proxy.chunkPassed();
    }

    async #breakOff(daemon: Socket, kind: 'cut' | 'truncate'): Promise<void> {
        if (kind === 'cut') return this.cut();
        // Whatever the daemon has to say to half a body goes to the client.
        daemon.end();
        if (!daemon.destroyed) await once(daemon, 'close').catch(() => undefined);
        this.#client.destroy();
    }

    async #duplicate(
        head: RequestHead,
        reader: RequestReader,
        when: 'before' | 'beside' | 'after',
    ): Promise<void> {
        const parts: Buffer[] = [];
        for await (const part of reader.body(head.contentLength)) {
            this.#proxy.bodyBytes += part.length;
            parts.push(part);
        }
        const body = Buffer.concat(parts);
        if (when === 'before') await this.#replay(head.bytes, body);
        const beside = when === 'beside' ? this.#replay(head.bytes, body) : undefined;
        const answered = new Promise<void>((resolve) => (this.#answered = resolve));
        await write(this.#daemon(), Buffer.concat([head.bytes, body]));
        await beside;
        if (when === 'after') {
            await answered;
            await this.#replay(head.bytes, body);
        }
    }

    /** Makes the same request over a connection of its own. */
    async #replay(head: Buffer, body: Buffer): Promise<void> {
        const socket = connect(this.#proxy.daemonPort, '127.0.0.1');
        socket.on('error', () => undefined);
        try {
            await write(socket, Buffer.concat([head, body]));
            for await (const part of socket as AsyncIterable<Buffer>) {
                const status = /^HTTP\/1\.1 (\d+)/.exec(part.toString('latin1'))?.[1];
                this.#proxy.replayAnswers.push(Number(status));
                break;
            }
        } finally {
            socket.destroy();
        }
    }

    async #answer(
        head: RequestHead,
        reader: RequestReader,
        { status, retryAfter, early }: Extract<Fault, { kind: 'answer' }>,
    ): Promise<void> {
        const page = '<html><body>busy</body></html>';
        const answer = Buffer.from(
            [
                `HTTP/1.1 ${status} Busy`,
                'content-type: text/html',
                `content-length: ${page.length}`,
                `retry-after: ${retryAfter}`,
                ...(early ? ['connection: close'] : []),
                '',
                page,
            ].join('\r\n'),
        );
        if (early) {
            await write(this.#client, answer);
            this.#client.end();
            // Unread bytes would turn the end into a reset, and the answer might be lost.
            for await (const part of reader.body()) this.#proxy.bodyBytes += part.length;
            return;
        }
        for await (const part of reader.body(head.contentLength)) {
            this.#proxy.bodyBytes += part.length;
        }
        await write(this.#client, answer);
    }
}
