/** One WebSocket connection: `init` first, then requests, each with its answer, and job events. */
import type { FastifyBaseLogger } from 'fastify';
import type { RawData, WebSocket } from 'ws';
import { KvzError } from '../../protocol/errors.js';
import { HANDSHAKE_TIMEOUT_MS, PROTOCOL_VERSION } from '../../protocol/limits.js';
import {
    clientMessageSchema,
    firstIssue,
    type ClientMessage,
    type ClientMessageOf,
    type JobEvent,
    type ServerMessage,
} from '../../protocol/messages.js';
import { VERSION } from '../../config/version.js';
import type { Context } from '../context.js';
import type { Handshake } from '../handshake.js';
import type { User } from '../store/index.js';
import { answer } from './answers.js';

/** While this much waits to be sent, progress is left out: the next one says it better. */
const COALESCE_BYTES = 256 * 1024;
/** A client that lets this much pile up is dropped; it connects again and gets what it missed. */
const DROP_BYTES = 4 * 1024 * 1024;
const PING_INTERVAL_MS = 30_000;
const CLOSE_TIMEOUT_MS = 1_000;
/** Requests of one client that may be in work at once; more wait in the socket. */
const MAX_IN_WORK = 32;

/** WebSocket close codes of ours; 4000 to 4999 are free for applications (RFC 6455, 7.4.2). */
export const CLOSE = { badHandshake: 4000, tooSlow: 4001, shuttingDown: 4002 } as const;

export class Session {
    readonly #context: Context;
    readonly #handshake: Handshake;
    readonly #socket: WebSocket;
    #log: FastifyBaseLogger;
    #user: User | undefined;
    /** Subscriptions that end with the connection. */
    readonly #ends: (() => void)[] = [];
    #isAlive = true;
    #inWork = 0;

    constructor(context: Context, handshake: Handshake, socket: WebSocket) {
        this.#context = context;
        this.#handshake = handshake;
        this.#socket = socket;
        this.#log = context.log;
        const initTimer = setTimeout(
            () => this.#refuse(new KvzError('HANDSHAKE_TIMEOUT', 'no init in time')),
            HANDSHAKE_TIMEOUT_MS,
        );
        const pingTimer = setInterval(() => this.#ping(), PING_INTERVAL_MS);
        socket.on('message', (data, isBinary) => {
            this.#receive(data, isBinary).catch((error: unknown) =>
                this.#log.error({ err: error }, 'a message could not be handled'),
            );
            if (this.#user) clearTimeout(initTimer);
        });
        socket.on('pong', () => {
            this.#isAlive = true;
        });
        socket.on('error', (error) => this.#log.debug({ err: error }, 'socket error'));
        socket.on('close', () => {
            clearTimeout(initTimer);
            clearInterval(pingTimer);
            for (const end of this.#ends) end();
        });
    }

    /** Tells the client to connect again later. */
    shutDown(): void {
        this.#send({
            type: 'error',
            re: null,
            code: 'SHUTTING_DOWN',
            message: 'the daemon is stopping; connect again later',
        });
        this.#socket.close(CLOSE.shuttingDown, 'SHUTTING_DOWN');
        // A client that is not there any more never answers.
        setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS).unref();
    }

    #ping(): void {
        if (!this.#isAlive) {
            this.#socket.terminate();
            return;
        }
        this.#isAlive = false;
        this.#socket.ping();
    }

    #send(message: ServerMessage): void {
        if (this.#socket.readyState !== this.#socket.OPEN) return;
        if (this.#socket.bufferedAmount > DROP_BYTES) {
            this.#socket.close(CLOSE.tooSlow, 'TOO_SLOW');
            this.#socket.terminate();
            return;
        }
        this.#socket.send(JSON.stringify(message));
    }

    #sendEvent(event: JobEvent): void {
        if (event.progress && this.#socket.bufferedAmount > COALESCE_BYTES) return;
        this.#send(event);
    }

    #sendError(re: number | null, error: unknown): void {
        if (!(error instanceof KvzError)) this.#log.error({ err: error }, 'a request failed');
        const known =
            error instanceof KvzError
                ? error
                : new KvzError('INTERNAL', 'the daemon failed; see its log');
        this.#send({ type: 'error', re, code: known.code, message: known.message });
    }

    #refuse(error: KvzError, re: number | null = null): void {
        this.#sendError(re, error);
        this.#socket.close(CLOSE.badHandshake, error.code);
    }

    #parse(data: RawData, isBinary: boolean): ClientMessage | undefined {
        let re: number | null = null;
        try {
            if (isBinary) throw new KvzError('BAD_MESSAGE', 'messages are JSON text');
            const value: unknown = JSON.parse((data as Buffer).toString('utf8'));
            const id = (value as { id?: unknown } | null)?.id;
            if (typeof id === 'number' && Number.isSafeInteger(id) && id >= 0) re = id;
            const parsed = clientMessageSchema.safeParse(value);
            if (!parsed.success) throw new KvzError('BAD_MESSAGE', firstIssue(parsed.error));
            return parsed.data;
        } catch (error) {
            const known =
                error instanceof KvzError ? error : new KvzError('BAD_MESSAGE', 'not valid JSON');
            if (this.#user) this.#sendError(re, known);
            else this.#refuse(known, re);
            return undefined;
        }
    }

    async #receive(data: RawData, isBinary: boolean): Promise<void> {
        const message = this.#parse(data, isBinary);
        if (!message) return;
        if (message.type === 'init') {
            this.#init(message);
            return;
        }
        const user = this.#user;
        if (!user) {
            this.#refuse(new KvzError('NOT_INITIALISED', 'init must come first'), message.id);
            return;
        }
        this.#inWork += 1;
        if (this.#inWork >= MAX_IN_WORK) this.#socket.pause();
        try {
            this.#send(await answer(this.#context, this.#handshake, user, message));
        } catch (error) {
            this.#sendError(message.id, error);
        } finally {
            this.#inWork -= 1;
            if (this.#socket.isPaused) this.#socket.resume();
        }
    }

    #init(message: ClientMessageOf<'init'>): void {
        const { store, settings, bus, authenticator, pause } = this.#context;
        if (this.#user) {
            this.#sendError(message.id, new KvzError('BAD_MESSAGE', 'init comes once'));
            return;
        }
        if (message.protocol !== PROTOCOL_VERSION) {
            const text = `this daemon (${VERSION}) speaks protocol ${PROTOCOL_VERSION}, not ${message.protocol}`;
            this.#refuse(new KvzError('PROTOCOL_MISMATCH', text), message.id);
            return;
        }
        let user: User;
        try {
            user = authenticator.userOf(message.token);
        } catch (error) {
            if (!(error instanceof KvzError)) throw error;
            this.#refuse(error, message.id);
            return;
        }
        this.#user = user;
        this.#log = this.#log.child({ user: user.id });
        const seq = store.users.lastSeq(user.id);
        this.#send({
            type: 'init.ok',
            re: message.id,
            protocol: PROTOCOL_VERSION,
            user: user.name,
            role: user.role,
            limits: {
                rawBytes: settings.rawBytes,
                containerBytes: settings.containerBytes,
                durationSeconds: settings.durationSeconds,
                chunkSize: settings.chunkSize,
                downloads: settings.downloads || null,
            },
            workers: settings.workers,
            server: `kvz-cloud ${VERSION}`,
            seq,
            ...(pause.current && { paused: pause.current }),
        });
        // Nothing awaits between reading the missed events and subscribing, so none is lost or sent twice.
        const missed =
            message.resumeFrom === undefined ? [] : store.events.after(user.id, message.resumeFrom);
        for (const event of missed) this.#send(event);
        this.#ends.push(
            bus.subscribe(user.id, (event) => this.#sendEvent(event)),
            pause.onChange((paused) => this.#send({ type: 'queue', ...(paused && { paused }) })),
        );
    }
}
