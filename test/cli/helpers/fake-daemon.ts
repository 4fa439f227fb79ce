/**
 * A daemon for tests: speaks the real contract (every message goes through the schemas), encodes
 * nothing, and fails in whatever way a test asks for.
 */
import { createHash, randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { fileIdOf } from '../../../src/protocol/file-id.js';
import { JOB_STATES } from '../../../src/protocol/job-state.js';
import { LEAF_BYTES } from '../../../src/protocol/limits.js';
import { clientMessageSchema, serverMessageSchema } from '../../../src/protocol/messages.js';
import type {
    ClientMessage,
    ClientMessageOf,
    Job,
    JobEvent,
    JobResult,
} from '../../../src/protocol/messages.js';
import { containsRange, normaliseRanges } from '../../../src/protocol/ranges.js';
import type { ByteRange } from '../../../src/protocol/ranges.js';

export interface ChunkInfo {
    /** 1-based. */
    number: number;
    offset: number;
    length: number;
    /** How often this chunk has been sent, this time included. */
    attempt: number;
}

/** How a request fails; `cut` closes the connection at once or after some bytes of the body. */
export type Fault =
    | { status: number; code: string; message?: string; retryAfter?: string }
    | { cut: number }
    /** Of the result so many bytes come, and then nothing more. */
    | { stall: number }
    | { hang: true };

export interface FakeUpload {
    id: string;
    jobId: string;
    fileId: string;
    bytes: Buffer;
    ranges: ByteRange[];
    /** Of chunks that were taken and answered. */
    storedBytes: number;
    attempts: Map<number, number>;
}

export interface FakeDaemonOptions {
    chunkSize?: number;
    /** The bytes of every result. */
    result?: Buffer;
    token?: string;
    version?: string;
    /** Port to listen on again after a restart. */
    port?: number;
}

const NOW = '2026-01-01T00:00:00.000Z';

export class FakeDaemon {
    readonly chunkSize: number;
    readonly result: Buffer;
    readonly token: string;
    readonly jobs = new Map<string, Job>();
    readonly uploads = new Map<string, FakeUpload>();
    /** All messages that clients sent. */
    readonly received: ClientMessage[] = [];
    /** Range headers of the requests for results. */
    readonly resultRanges: (string | undefined)[] = [];
    /** Their `Kvz-Delivery`. */
    readonly deliveries: string[] = [];
    /** Decides on the fault of a chunk, if any. */
    chunkFault: (chunk: ChunkInfo) => Fault | undefined = () => undefined;
    /** Holds a chunk before it is stored. */
    holdChunk: (chunk: ChunkInfo) => Promise<void> = async () => undefined;
    /** Decides on the fault of a request for a result, if any; `n` counts from 1. */
    resultFault: (n: number) => Fault | undefined = () => undefined;
    /** Answers a request instead of the ordinary way, or not at all. */
    answer: (message: ClientMessage) => object | 'silence' | undefined = () => undefined;
    /** The largest file that is taken. */
    limitBytes = 1e12;
    /** What happens to a job that has its file; ordinary jobs become ready. */
    onFile: (job: Job) => void = (job) => this.finish(job.id);
    maxChunksInFlight = 0;
    chunksInFlight = 0;
    #results = 0;
    #seq = 0;
    #server: Server | undefined;
    #port: number;
    readonly #options: FakeDaemonOptions;
    readonly #clients = new Set<WebSocket>();
    readonly #sockets = new Set<Socket>();
    readonly #events: JobEvent[] = [];
    readonly #news = new EventEmitter();

    constructor(options: FakeDaemonOptions = {}) {
        this.#options = options;
        this.chunkSize = options.chunkSize ?? LEAF_BYTES;
        this.result = options.result ?? Buffer.from('an encoded video');
        this.token = options.token ?? 'token-of-the-test-user';
        this.#port = options.port ?? 0;
    }

    get url(): string {
        return `http://127.0.0.1:${this.#port}`;
    }

    get clients(): number {
        return this.#clients.size;
    }

    async listen(): Promise<this> {
        const server = createServer((request, response) => void this.#http(request, response));
        const webSockets = new WebSocketServer({ server, path: '/ws' });
        webSockets.on('connection', (socket) => this.#connected(socket));
        server.on('connection', (socket) => {
            this.#sockets.add(socket);
            socket.once('close', () => this.#sockets.delete(socket));
        });
        await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
        this.#port = (server.address() as AddressInfo).port;
        this.#server = server;
        return this;
    }

    /** Ends as after a power cut: every connection breaks. What it knows stays. */
    async close(): Promise<void> {
        const server = this.#server;
        this.#server = undefined;
        this.cut();
        if (server) await new Promise((resolve) => server.close(resolve));
    }

    /** Breaks all connections, without closing them properly. */
    cut(): void {
        for (const client of this.#clients) client.terminate();
        for (const socket of this.#sockets) socket.destroy();
    }

    /** Breaks the WebSockets only. */
    cutWebSockets(): void {
        for (const client of this.#clients) client.terminate();
    }

    messages<T extends ClientMessage['type']>(type: T): ClientMessageOf<T>[] {
        return this.received.filter((m): m is ClientMessageOf<T> => m.type === type);
    }

    /** Waits for the first message of a kind, past or to come. */
    async message(type: ClientMessage['type']): Promise<void> {
        await this.until(() => this.messages(type).length > 0);
    }

    /** Waits until some bytes of an upload are kept, whole chunks that were answered. */
    async stored(bytes: number): Promise<void> {
        await this.until(() =>
            [...this.uploads.values()].some(({ storedBytes }) => storedBytes >= bytes),
        );
    }

    /** Waits until something holds; looks when a message or a chunk has come or was answered. */
    async until(holds: () => boolean): Promise<void> {
        while (!holds()) await once(this.#news, 'news');
    }

    /** Brings a job on by one state and tells it. */
    update(jobId: string, change: Partial<Job>): void {
        const job = { ...this.job(jobId), ...change };
        this.jobs.set(jobId, job);
        const { state, progress, result, failure } = job;
        const seq = ++this.#seq;
        const event: JobEvent = {
            type: 'job.event',
            seq,
            jobId,
            state,
            progress,
            result,
            failure,
        };
        this.#events.push(event);
        for (const client of this.#clients) this.#send(client, event);
    }

    /** Encodes, so to speak. */
    finish(jobId: string): void {
        this.update(jobId, { state: 'probing' });
        this.update(jobId, {
            state: 'encoding',
            progress: { frame: 50, frames: 100, fps: 25, percent: 50, etaSeconds: 2, psnr: 41.5 },
        });
        this.update(jobId, { state: 'packaging', progress: undefined });
        this.update(jobId, { state: 'ready', result: this.resultOf(this.job(jobId)) });
    }

    job(jobId: string): Job {
        const job = this.jobs.get(jobId);
        if (!job) throw new Error(`no job ${jobId}`);
        return job;
    }

    resultOf(job: Job): JobResult {
        return {
            fileName: `${job.name}.hevc.${job.options.container}`,
            url: `/jobs/${job.id}/result`,
            inputBytes: job.size,
            outputBytes: this.result.length,
            frames: 100,
            logoFrames: 25,
            durationSeconds: 4,
            bitrateBps: 123_456,
            encodeSeconds: 3,
            fps: 33.3,
            psnr: 42.25,
            sha256: createHash('sha256').update(this.result).digest('hex'),
            notes: [],
        };
    }

    addJob(job: Partial<Job> = {}): Job {
        const id = job.id ?? randomBytes(6).toString('hex');
        const whole: Job = {
            id,
            state: 'uploading',
            name: 'clip.mp4',
            fileId: 'f'.repeat(64),
            size: 1,
            options: { preset: 'medium', container: 'mkv', kvazaar: [], logo: { enabled: true } },
            priority: 0,
            attempt: 1,
            createdAt: NOW,
            updatedAt: NOW,
            ...job,
        };
        this.jobs.set(id, whole);
        return whole;
    }

    // ------------------------------------------------------------------------------ WebSocket

    #connected(socket: WebSocket): void {
        socket.on('close', () => this.#clients.delete(socket));
        socket.on('message', (data: Buffer) => {
            const message = clientMessageSchema.parse(JSON.parse(data.toString('utf8')));
            this.received.push(message);
            this.#answer(message, socket);
            this.#news.emit('news');
        });
    }

    #answer(message: ClientMessage, socket: WebSocket): void {
        const reply = this.answer(message) ?? this.#reply(message, socket);
        if (reply === 'silence') return;
        this.#send(socket, { re: message.id, ...reply });
        if (message.type === 'init' && message.resumeFrom !== undefined) {
            const from = message.resumeFrom;
            for (const event of this.#events) if (event.seq > from) this.#send(socket, event);
        }
    }

    #send(socket: WebSocket, message: object): void {
        socket.send(JSON.stringify(serverMessageSchema.parse(message)));
    }

    #reply(message: ClientMessage, socket: WebSocket): object {
        switch (message.type) {
            case 'init':
                if (message.token !== this.token) {
                    return { type: 'error', code: 'NOT_AUTHORISED', message: 'no such token' };
                }
                this.#clients.add(socket);
                return {
                    type: 'init.ok',
                    protocol: 1,
                    user: 'test',
                    limits: {
                        rawBytes: this.limitBytes,
                        containerBytes: this.limitBytes,
                        durationSeconds: 1800,
                        chunkSize: this.chunkSize,
                        downloads: null,
                    },
                    workers: 5,
                    server: `kvz-cloud ${this.#options.version ?? '0.1.0'}`,
                    seq: this.#seq,
                };
            case 'encode.request':
                return this.#encode(message);
            case 'encode.check':
                return { type: 'encode.checked', status: 'approved', receivedBytes: 0 };
            case 'encode.prove':
                return { type: 'error', code: 'UNKNOWN_CHALLENGE', message: 'no challenge' };
            case 'options.validate':
                return message.options.preset === 'bogus'
                    ? { type: 'error', code: 'BAD_OPTIONS', message: 'no preset "bogus"' }
                    : { type: 'options.ok', normal: 'x' };
            case 'jobs.list':
                return {
                    type: 'jobs',
                    jobs: [...this.jobs.values()]
                        .filter(({ state }) => message.states?.includes(state) ?? true)
                        .slice(0, message.limit),
                };
            case 'job.cancel':
                if (this.jobs.has(message.jobId)) {
                    this.update(message.jobId, { state: 'cancelled' });
                }
                return this.#jobReply(message.jobId);
            case 'job.get':
            case 'job.watch':
            case 'job.retry':
            case 'job.prioritise':
                return this.#jobReply(message.jobId);
            case 'job.remove':
                return { type: 'job.removed', jobId: message.jobId };
            case 'job.logs':
                return { type: 'job.logs', jobId: message.jobId, lines: ['one', 'two'] };
            case 'job.ticket':
            case 'token.create':
            case 'token.list':
            case 'token.revoke':
                return { type: 'error', code: 'FORBIDDEN', message: 'not an admin' };
            case 'queue.pause':
            case 'queue.resume':
                return { type: 'queue.state' };
            case 'server.stats':
                return {
                    type: 'server.stats',
                    version: '0.1.0',
                    uptimeSeconds: 1,
                    workers: 5,
                    running: 0,
                    jobs: Object.fromEntries(JOB_STATES.map((state) => [state, 0])),
                    queued: 0,
                    uploads: 0,
                    isAdmin: true,
                    freeBytes: 1e9,
                    recent: [],
                };
        }
    }

    #jobReply(jobId: string): object {
        const job = this.jobs.get(jobId);
        return job
            ? { type: 'job', job }
            : { type: 'error', code: 'UNKNOWN_JOB', message: `no job ${jobId}` };
    }

    #encode({ file, options, priority }: ClientMessageOf<'encode.request'>): object {
        const open = [...this.uploads.values()].find(({ fileId }) => fileId === file.id);
        if (open) {
            const job = this.job(open.jobId);
            return job.state === 'uploading'
                ? this.approval(open)
                : {
                      type: 'encode.reply',
                      status: 'rejected',
                      code: 'DUPLICATE_REQUEST',
                      message: 'made before',
                      jobId: job.id,
                  };
        }
        const { name, size } = file;
        const job = this.addJob({ name, size, fileId: file.id, options, priority });
        const upload: FakeUpload = {
            id: randomBytes(6).toString('hex'),
            jobId: job.id,
            fileId: file.id,
            bytes: Buffer.alloc(size),
            ranges: [],
            storedBytes: 0,
            attempts: new Map(),
        };
        this.uploads.set(upload.id, upload);
        return this.approval(upload);
    }

    approval(upload: FakeUpload): object {
        return {
            type: 'encode.reply',
            status: 'approved',
            jobId: upload.jobId,
            upload: {
                id: upload.id,
                url: '/upload',
                chunkSize: this.chunkSize,
                received: normaliseRanges(upload.ranges).map(([from, to]) => [from, to]),
            },
        };
    }

    // ----------------------------------------------------------------------------------- HTTP

    async #http(request: IncomingMessage, response: ServerResponse): Promise<void> {
        const url = new URL(request.url ?? '', this.url);
        // A connection that breaks in the middle is what some tests are about.
        request.on('error', () => undefined);
        if (url.pathname === '/healthz') return void response.end('ok');
        if (request.headers.authorization !== `Bearer ${this.token}`) {
            return this.#error(response, { status: 401, code: 'NOT_AUTHORISED' });
        }
        if (url.pathname === '/upload') return this.#chunk(request, response, url.searchParams);
        const result = /^\/jobs\/(\w+)\/result$/.exec(url.pathname);
        if (result) return this.#sendResult(request, response);
        return this.#error(response, { status: 404, code: 'NOT_FOUND' });
    }

    #error(response: ServerResponse, fault: Extract<Fault, { status: number }>): void {
        const { status, code, message = code, retryAfter } = fault;
        response.writeHead(status, {
            'content-type': 'application/json',
            ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
        });
        response.end(JSON.stringify({ code, message }));
    }

    async #chunk(
        request: IncomingMessage,
        response: ServerResponse,
        query: URLSearchParams,
    ): Promise<void> {
        const number = Number(query.get('resumableChunkNumber'));
        const length = Number(query.get('resumableCurrentChunkSize'));
        const upload = this.uploads.get(query.get('resumableIdentifier') ?? '');
        if (!upload) return this.#error(response, { status: 404, code: 'UNKNOWN_UPLOAD' });
        const isQuestion = request.method === 'GET';
        const attempt = (upload.attempts.get(number) ?? 0) + (isQuestion ? 0 : 1);
        upload.attempts.set(number, attempt);
        const offset = (number - 1) * Number(query.get('resumableChunkSize'));
        if (isQuestion) {
            const isHere = containsRange(upload.ranges, [offset, offset + length]);
            response.writeHead(isHere ? 200 : 204).end();
            return undefined;
        }
        const chunk = { number, offset, length, attempt };
        const fault = this.chunkFault(chunk);
        if (fault && 'hang' in fault) return undefined;
        this.chunksInFlight++;
        this.maxChunksInFlight = Math.max(this.maxChunksInFlight, this.chunksInFlight);
        this.#news.emit('news');
        try {
            const parts: Buffer[] = [];
            let count = 0;
            for await (const part of request as AsyncIterable<Buffer>) {
                parts.push(part);
                count += part.length;
                if (fault && 'cut' in fault && count >= fault.cut) {
                    request.socket.destroy();
                    return undefined;
                }
            }
            if (fault && 'status' in fault) return this.#error(response, fault);
            await this.holdChunk(chunk);
            return this.#store(request, response, upload, offset, Buffer.concat(parts));
        } catch {
            return undefined;
        } finally {
            this.chunksInFlight--;
        }
    }

    #store(
        request: IncomingMessage,
        response: ServerResponse,
        upload: FakeUpload,
        offset: number,
        body: Buffer,
    ): void {
        const digests = String(request.headers['kvz-leaf-digests']).split(',');
        const leaves = Array.from({ length: Math.ceil(body.length / LEAF_BYTES) }, (_, index) =>
            body.subarray(index * LEAF_BYTES, (index + 1) * LEAF_BYTES),
        );
        const right = leaves.every(
            (leaf, index) => createHash('sha256').update(leaf).digest('hex') === digests[index],
        );
        if (!right || digests.length !== leaves.length) {
            return this.#error(response, { status: 503, code: 'UPLOAD_CORRUPT' });
        }
        body.copy(upload.bytes, offset);
        upload.ranges = normaliseRanges([...upload.ranges, [offset, offset + body.length]]);
        const received = upload.ranges.reduce((sum, [from, to]) => sum + to - from, 0);
        response.setHeader('kvz-upload-received', received);
        response.end('{}', () => {
            upload.storedBytes = received;
            this.#news.emit('news');
        });
        const [range] = upload.ranges;
        const job = this.job(upload.jobId);
        if (job.state === 'uploading' && range?.[0] === 0 && range[1] === upload.bytes.length) {
            if (fileIdOf(upload.bytes) !== upload.fileId) {
                const message = 'not the file that was announced';
                this.update(job.id, { state: 'failed', failure: { code: 'X', message } });
                return undefined;
            }
            this.update(job.id, { state: 'queued' });
            this.onFile(this.job(job.id));
        }
        return undefined;
    }

    #sendResult(request: IncomingMessage, response: ServerResponse): void {
        const { range } = request.headers;
        if (request.method === 'HEAD') return void response.writeHead(200, { etag: '"a"' }).end();
        this.resultRanges.push(range);
        this.deliveries.push(String(request.headers['kvz-delivery']));
        const fault = this.resultFault(++this.#results);
        if (fault && 'status' in fault) return this.#error(response, fault);
        const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
        const body = this.result.subarray(from);
        response.writeHead(range === undefined ? 200 : 206, {
            'content-length': body.length,
            etag: '"a"',
            ...(range === undefined
                ? {}
                : {
                      'content-range': `bytes ${from}-${this.result.length - 1}/${this.result.length}`,
                  }),
        });
        if (fault && 'stall' in fault)
            return void response.write(body.subarray(0, fault.stall - from));
        if (fault && 'cut' in fault) {
            response.write(body.subarray(0, fault.cut), () => request.socket.destroy());
            return undefined;
        }
        response.end(body);
        return undefined;
    }
}
