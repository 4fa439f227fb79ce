/** One WebSocket to the daemon: requests and their replies, and the stream of job events. */
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { VERSION } from '../config/version.js';
import { KvzError, isErrorCode } from '../protocol/errors.js';
import { PROTOCOL_VERSION } from '../protocol/limits.js';
import { firstIssue } from '../protocol/first-issue.js';
import { serverMessageSchema } from '../protocol/server-messages.js';
import type { JobEvent, Pause, ServerMessage, ServerMessageOf } from '../protocol/messages.js';
import { REPLY_TYPE } from './messages.js';
import type { Reply, Request, RequestType } from './messages.js';
import { DEFAULT_PATIENCE } from './patience.js';
import { tlsOptions } from '../config/tls-trust.js';
import { certificateError } from './tls.js';
import { ConnectionLostError, connectionReason, systemCode, wireError } from './wire-error.js';

/** Parts of the time after which a silent connection counts as dead. */
const CONNECT_PART = 1 / 6;
const REPLY_PART = 1 / 2;
/** A link that is dead without saying so is noticed after at most twice this part. */
const PING_PART = 1 / 4;
/** The longest message taken from the daemon, bytes. It is trusted more than its clients are. */
const MAX_REPLY_BYTES = 8 * 1024 * 1024;

export interface ConnectionOptions {
    /** http(s)://HOST:PORT */
    server: string;
    token: string;
    /** See {@link tlsOptions}. */
    ca?: string | undefined;
    /** The last event seen, to be sent what came after it. */
    resumeFrom?: number | undefined;
    onEvent: (event: JobEvent) => void;
    /** The queue was paused, or goes on (undefined). */
    onPause?: (pause: Pause | undefined) => void;
    /** Called once, when an open connection has ended for whatever reason. */
    onClose: (error: ConnectionLostError) => void;
    /** Ends an attempt to connect. */
    signal?: AbortSignal;
    /** Milliseconds of silence after which the connection counts as dead. */
    inactivityMs?: number;
}

interface Pending {
    expected: ServerMessage['type'];
    resolve: (reply: ServerMessage) => void;
    reject: (error: Error) => void;
    timer: NodeJS.Timeout;
}

const inactivityMsOf = ({ inactivityMs }: ConnectionOptions): number =>
    inactivityMs ?? DEFAULT_PATIENCE.inactivityMs;

function socketUrl(server: string): URL {
    const url = new URL('/ws', server);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    return url;
}

function refusal(server: string, response: IncomingMessage): KvzError {
    const status = response.statusCode ?? 0;
    response.destroy();
    if (status === 401) return new KvzError('NOT_AUTHORISED', `${server} accepts no such token`);
    if (status === 403) {
        return new KvzError(
            'FORBIDDEN_HOST',
            `${server} refuses connections under this address (HTTP 403)`,
        );
    }
    // A proxy answers for a daemon that restarts.
    if (status === 429 || (status >= 502 && status <= 504)) {
        return new ConnectionLostError(`${server} takes no connections now (HTTP ${status})`);
    }
    return new KvzError('UNREACHABLE', `${server} answers, but not as kvz-cloud (HTTP ${status})`);
}

function protocolMismatch(server: string, detail: string): KvzError {
    return new KvzError(
        'PROTOCOL_MISMATCH',
        `this command (kvz-cloud ${VERSION}, protocol ${PROTOCOL_VERSION}) and the daemon at ` +
            `${server} do not understand each other: ${detail}; install the same version on ` +
            'both sides and restart the daemon',
    );
}

export class Connection {
    /** What the daemon said of itself in its first message. */
    info: ServerMessageOf<'init.ok'> | undefined;
    readonly #socket: WebSocket;
    readonly #options: ConnectionOptions;
    readonly #pending = new Map<number, Pending>();
    #nextId = 1;
    #lost: ConnectionLostError | undefined;
    /** What the daemon said before it closed the connection. */
    #lastWords: { code: string; message: string } | undefined;
    #pingTimer: NodeJS.Timeout | undefined;

    private constructor(socket: WebSocket, options: ConnectionOptions) {
        this.#socket = socket;
        this.#options = options;
        socket.on('message', (data, isBinary) => {
            if (!isBinary) this.#receive((data as Buffer).toString('utf8'));
        });
        socket.on('close', (code, reason) => this.#closed(code, String(reason)));
        // 'close' always follows and tells those who wait.
        socket.on('error', () => undefined);
    }

    /**
     * Connects and says `init`.
     * @throws KvzError UNREACHABLE, NOT_AUTHORISED, PROTOCOL_MISMATCH or FORBIDDEN_HOST;
     *     ConnectionLostError where trying again may help
     */
    static async open(options: ConnectionOptions): Promise<Connection> {
        const socket = new WebSocket(socketUrl(options.server), {
            maxPayload: MAX_REPLY_BYTES,
            handshakeTimeout: inactivityMsOf(options) * CONNECT_PART,
            perMessageDeflate: false,
            ...tlsOptions(options.ca),
        });
        const connection = new Connection(socket, options);
        const abort = (): void => socket.terminate();
        options.signal?.addEventListener('abort', abort, { once: true });
        try {
            await new Promise<void>((resolve, reject) => {
                socket.once('open', resolve);
                socket.once('unexpected-response', (_request, response) =>
                    reject(refusal(options.server, response)),
                );
                socket.once('error', (cause) =>
                    reject(
                        certificateError(options.server, systemCode(cause), cause) ??
                            new ConnectionLostError(
                                `cannot reach the daemon at ${options.server}: ${connectionReason(cause)}`,
                                { cause },
                            ),
                    ),
                );
            });
            connection.info = await connection.request<'init'>({
                type: 'init',
                protocol: PROTOCOL_VERSION,
                token: options.token,
                client: `kvz-cloud ${VERSION}`,
                resumeFrom: options.resumeFrom,
            });
            if (connection.info.protocol !== PROTOCOL_VERSION) {
                throw new KvzError(
                    'PROTOCOL_MISMATCH',
                    `${connection.info.server} speaks protocol ${connection.info.protocol}`,
                );
            }
        } catch (error) {
            connection.close();
            if (error instanceof KvzError && error.code === 'PROTOCOL_MISMATCH') {
                throw protocolMismatch(options.server, error.message);
            }
            throw error;
        } finally {
            options.signal?.removeEventListener('abort', abort);
        }
        connection.#keepAlive();
        return connection;
    }

    /**
     * Sends one request and waits for its reply.
     * @param onReply called with the reply before any later message is looked at; what awaits the
     *     promise may run after events that came behind the reply
     * @throws KvzError with the daemon's code; ConnectionLostError when no reply can come any more
     */
    async request<T extends RequestType>(
        message: Request<T>,
        onReply?: (reply: Reply<T>) => void,
    ): Promise<Reply<T>> {
        if (this.#lost) throw this.#lost;
        const id = this.#nextId++;
        const reply = new Promise<ServerMessage>((resolve, reject) => {
            const timer = setTimeout(
                () => {
                    this.#pending.delete(id);
                    reject(new ConnectionLostError(`no answer to "${message.type}" in time`));
                    this.#socket.terminate();
                },
                inactivityMsOf(this.#options) * REPLY_PART,
            );
            const expected = REPLY_TYPE[message.type];
            const settle = (reply: ServerMessage): void => {
                onReply?.(reply as Reply<T>);
                resolve(reply);
            };
            this.#pending.set(id, { expected, resolve: settle, reject, timer });
        });
        this.#socket.send(JSON.stringify({ ...message, id }));
        return (await reply) as Reply<T>;
    }

    /** Ends the connection; `onClose` is not called. */
    close(): void {
        this.#lost ??= new ConnectionLostError('the connection was closed');
        clearInterval(this.#pingTimer);
        this.#rejectAll(this.#lost);
        this.#socket.close(1000);
        // A daemon that does not answer the closing handshake must not keep the command alive.
        const timer = setTimeout(() => this.#socket.terminate(), 500);
        this.#socket.once('close', () => clearTimeout(timer));
        if (this.#socket.readyState === WebSocket.CLOSED) clearTimeout(timer);
    }

    #keepAlive(): void {
        let answered = true;
        this.#socket.on('pong', () => (answered = true));
        this.#pingTimer = setInterval(
            () => {
                if (!answered) return this.#socket.terminate();
                answered = false;
                return this.#socket.ping();
            },
            inactivityMsOf(this.#options) * PING_PART,
        );
        this.#pingTimer.unref();
    }

    #receive(text: string): void {
        let value: unknown;
        try {
            value = JSON.parse(text);
        } catch {
            return;
        }
        // Code that zod makes for the schemas pays for itself after hundreds of messages only.
        const parsed = serverMessageSchema.safeParse(value, { jitless: true });
        if (!parsed.success) return this.#reject(value, firstIssue(parsed.error));
        const message = parsed.data;
        if (message.type === 'job.event') return this.#options.onEvent(message);
        if (message.type === 'queue') return this.#options.onPause?.(message.paused);
        if (message.type === 'error' && message.re === null) {
            this.#lastWords = message;
            return undefined;
        }
        const pending = this.#take(message.re);
        if (!pending) return undefined;
        if (message.type === 'error') {
            return pending.reject(wireError(message.code, message.message));
        }
        if (message.type !== pending.expected) {
            return pending.reject(
                new KvzError('BAD_MESSAGE', `the daemon answered with "${message.type}"`),
            );
        }
        return pending.resolve(message);
    }

    /** A message that does not fit: news of a kind not known here is passed over, a reply is not. */
    #reject(value: unknown, issue: string): void {
        const re = typeof value === 'object' && value !== null && 're' in value ? value.re : null;
        if (typeof re !== 'number') return;
        this.#take(re)?.reject(
            new KvzError('BAD_MESSAGE', `the daemon's answer is not understood: ${issue}`),
        );
    }

    #take(id: number | null): Pending | undefined {
        if (id === null) return undefined;
        const pending = this.#pending.get(id);
        if (pending) clearTimeout(pending.timer);
        this.#pending.delete(id);
        return pending;
    }

    #rejectAll(error: Error): void {
        for (const pending of this.#pending.values()) {
            clearTimeout(pending.timer);
            pending.reject(error);
        }
        this.#pending.clear();
    }

    #closed(code: number, reason: string): void {
        clearInterval(this.#pingTimer);
        if (this.#lost) return;
        const words = this.#lastWords ?? (isErrorCode(reason) ? { code: reason } : undefined);
        const said = words && 'message' in words ? words.message : undefined;
        const detail = said ?? (words ? words.code : `code ${code}`);
        this.#lost = new ConnectionLostError(`the connection to the daemon ended: ${detail}`, {
            shuttingDown: words?.code === 'SHUTTING_DOWN',
        });
        // A refusal before `init` was answered is the answer to it.
        const refused = words && this.info === undefined;
        this.#rejectAll(refused ? wireError(words.code, detail) : this.#lost);
        if (this.info !== undefined) this.#options.onClose(this.#lost);
    }
}
