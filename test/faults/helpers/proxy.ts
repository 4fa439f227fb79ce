/**
 * A proxy between commands and a daemon that does to requests what networks and bad servers do.
 * Everything passes as bytes; faults are for posted chunks, all else is left as it is.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Fault, FaultKind, FaultPlan } from './fault.js';
import { Gate } from './gate.js';
import { ProxyLink } from './proxy-link.js';

export class FaultProxy {
    /** Of bodies, towards the daemon. */
    readonly gate = new Gate();
    plan: FaultPlan = () => undefined;
    /** Of sources, towards the workers that fetch them. */
    readonly sources = new Gate();
    /** What is done to a piece of a source on its way. */
    changeSource: (piece: Buffer) => Buffer = (piece) => piece;
    /** Where the requests for sources began, in their order. */
    readonly sourceOffsets: number[] = [];
    /** Of everything together, in both directions. */
    bytesPerSecond = Number.POSITIVE_INFINITY;
    /** Bytes that passed at that pace. */
    pacedBytes = 0;
    #freeAtMs = 0;
    /** Chunks that clients posted, and the bytes of their bodies that came here. */
    posts = 0;
    bodyBytes = 0;
    /** Bytes of chunks without a body, which the daemon was asked to read itself. */
    localBytes = 0;
    /** How often each fault was done to a request. */
    readonly faults = new Map<FaultKind, number>();
    /** Statuses of the daemon's answers to requests that only the proxy made. */
    readonly replayAnswers: number[] = [];
    readonly daemonPort: number;
    readonly #server: Server;
    #onChunkPassed: () => void = () => undefined;
    readonly #onPost = new Set<() => void>();
    readonly #links = new Set<ProxyLink>();

    private constructor(daemonPort: number) {
        this.daemonPort = daemonPort;
        this.#server = createServer((client) => this.#serve(client));
    }

    static async start(daemonPort: number): Promise<FaultProxy> {
        const proxy = new FaultProxy(daemonPort);
        await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
        onTestFinished(async () => {
            proxy.cutAll();
            proxy.gate.open();
            proxy.sources.open();
            proxy.bytesPerSecond = Number.POSITIVE_INFINITY;
            await new Promise((resolve) => proxy.#server.close(resolve));
        });
        return proxy;
    }

    get url(): string {
        return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    }

    /** Ends all connections, as a network that breaks does. */
    cutAll(): void {
        for (const link of this.#links) link.cut();
    }

    /** Waits until so many bytes may pass, after all that asked before. */
    async pace(bytes: number): Promise<void> {
        if (this.bytesPerSecond === Number.POSITIVE_INFINITY) return;
        this.pacedBytes += bytes;
        const now = performance.now();
        this.#freeAtMs = Math.max(now, this.#freeAtMs) + (bytes * 1000) / this.bytesPerSecond;
        if (this.#freeAtMs > now) await delay(this.#freeAtMs - now);
    }

    /** Waits until no connection is left, and so until all that clients had sent has passed. */
    async idle(): Promise<void> {
        while (this.#links.size > 0) {
            await Promise.all([...this.#links].map(({ ended }) => ended));
        }
    }

    /** Lets bodies pass until the end of any of them, then holds. @returns when that has passed */
    async holdAfterChunk(): Promise<void> {
        this.gate.open();
        await new Promise<void>((resolve) => {
            this.#onChunkPassed = () => {
                this.#onChunkPassed = () => undefined;
                void this.gate.holdBodiesAfter(0);
                resolve();
            };
        });
    }

    /** To be called when a whole chunk has been passed on. */
    chunkPassed(): void {
        this.#onChunkPassed();
    }

    /** Waits until a client posts one more chunk. */
    async nextPost(): Promise<void> {
        await new Promise<void>((resolve) => this.#onPost.add(resolve));
    }

    /** @returns the fault for a request that is about to be passed on */
    faultFor(head: { contentLength: number; bytes: Buffer }): Fault | undefined {
        const index = this.posts;
        this.posts += 1;
        for (const resolve of this.#onPost) resolve();
        this.#onPost.clear();
        const fault = this.plan({
            index,
            bodyBytes: head.contentLength,
            headBytes: head.bytes.length,
        });
        if (fault) this.faults.set(fault.kind, (this.faults.get(fault.kind) ?? 0) + 1);
        return fault;
    }

    #serve(client: Socket): void {
        const link = new ProxyLink(this, client);
        this.#links.add(link);
        void link.ended.then(() => this.#links.delete(link));
    }
}
