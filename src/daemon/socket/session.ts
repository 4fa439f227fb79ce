/** One WebSocket connection: `init` first, then requests, each with its answer, and job events. */
import type { FastifyBaseLogger } from 'fastify';
import type { WebSocket } from 'ws';
import { KvzError } from '../../protocol/errors.js';
import { HANDSHAKE_TIMEOUT_MS, PROTOCOL_VERSION } from '../../protocol/limits.js';
import {
    clientMessageSchema,
    firstIssue,
    type ClientMessage,
    type ClientMessageOf,
} from '../../protocol/messages.js';
import { VERSION } from '../../config/version.js';
import type { Context } from '../context.js';
import type { Handshake } from '../handshake/handshake.js';
import { diskFault } from '../disk-fault.js';
import type { User } from '../store/index.js';
import { jobSlots } from '../workers/load.js';
import { answer } from './answers.js';
import { Inbox, type Incoming } from './inbox.js';
import { CLOSE, Sender } from './sender.js';

const PING_INTERVAL_MS = 30_000;
const CLOSE_TIMEOUT_MS = 1_000;
/** How often it is looked whether a client has read what is there for it. */
const CONGESTION_POLL_MS = 50;
/** What is known of a client before it has said anything. */
export interface Client {
    address: string;
    /** To be called when it has introduced itself. */
    introduced: () => void;
}

function asKvzError(error: unknown): KvzError {
    if (error instanceof KvzError) return error;
    const fault = diskFault(error);
    if (fault !== undefined) return new KvzError('NO_SPACE', fault);
    return new KvzError('INTERNAL', 'the daemon failed; see its log');
}

export class Session {
    readonly #context: Context;
    readonly #handshake: Handshake;
    readonly #socket: WebSocket;
    #log: FastifyBaseLogger;
    readonly #client: Client;
    readonly #sender: Sender;
    readonly #inbox: Inbox;
    readonly #initTimer: NodeJS.Timeout;
    #user: User | undefined;
    /** Subscriptions that end with the connection. */
    readonly #ends: (() => void)[] = [];
    #isAlive = true;

    constructor(context: Context, handshake: Handshake, socket: WebSocket, client: Client) {
        this.#context = context;
        this.#handshake = handshake;
        this.#socket = socket;
        this.#log = context.log;
        this.#client = client;
        this.#sender = new Sender(socket);
        this.#inbox = new Inbox(
            socket,
            (message) => this.#receive(message),
            () => this.#waitMs(),
        );
        this.#initTimer = setTimeout(
            () => this.#refuse(new KvzError('HANDSHAKE_TIMEOUT', 'no init in time')),
            HANDSHAKE_TIMEOUT_MS,
        );
        const pingTimer = setInterval(() => this.#ping(), PING_INTERVAL_MS);
        // Answered by ws; they count as messages do.
        socket.on('ping', (data: Buffer) => {
            if (this.#user) context.limits.countMessage(this.#user.id, data.length);
            this.#inbox.pace();
        });
        socket.on('pong', () => {
            this.#isAlive = true;
        });
        socket.on('error', (error) => this.#log.debug({ err: error }, 'socket error'));
        socket.on('close', () => {
            clearTimeout(this.#initTimer);
            clearInterval(pingTimer);
            for (const end of this.#ends) end();
        });
    }

    /** Tells the client to connect again later. */
    shutDown(): void {
        this.#sender.send({
            type: 'error',
            re: null,
            code: 'SHUTTING_DOWN',
            message: 'the daemon is stopping; connect again later',
        });
        this.#socket.close(CLOSE.shuttingDown, 'SHUTTING_DOWN');
        // A client that is not there any more never answers.
        setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS).unref();
    }

    /** Sends a client away whose token has been revoked or has expired. */
    #endToken(): void {
        this.#sendError(null, new KvzError('NOT_AUTHORISED', 'the token is not accepted any more'));
        this.#socket.close(CLOSE.tokenEnded, 'NOT_AUTHORISED');
        setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS).unref();
    }

    /** Milliseconds that the user's pace asks to wait. */
    #pacedMs(): number {
        return this.#user ? this.#context.limits.messageWaitMs(this.#user.id) : 0;
    }

    /** Milliseconds for which nothing of this client is looked at. */
    #waitMs(): number {
        // Who does not read the answers may not ask more.
        return this.#sender.isCongested ? CONGESTION_POLL_MS : this.#pacedMs();
    }

    #ping(): void {
        // A client that is not read from, or has much to read, cannot be heard to answer.
        const mayAnswer = !this.#inbox.isHeld || !this.#sender.hasMoved();
        if (!this.#isAlive && mayAnswer && this.#pacedMs() === 0) {
            this.#socket.terminate();
            return;
        }
        this.#isAlive = false;
        this.#socket.ping();
    }

    #sendError(re: number | null, error: unknown): void {
        const known = asKvzError(error);
        if (known.code === 'INTERNAL') this.#log.error({ err: error }, 'a request failed');
        this.#sender.send({ type: 'error', re, code: known.code, message: known.message });
    }

    #refuse(error: unknown, re: number | null = null): void {
        this.#sendError(re, error);
        this.#socket.close(CLOSE.badHandshake, asKvzError(error).code);
    }

    #parse({ data, isBinary }: Incoming): ClientMessage | undefined {
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

    async #receive(incoming: Incoming): Promise<void> {
        // A client that was sent away is not listened to any more.
        if (this.#socket.readyState !== this.#socket.OPEN) return;
        const { limits } = this.#context;
        if (this.#user) limits.countMessage(this.#user.id, (incoming.data as Buffer).length);
        const message = this.#parse(incoming);
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
        try {
            const reply = await answer(this.#context, this.#handshake, user, message);
            limits.countMessage(user.id, this.#sender.send(reply), true);
        } catch (error) {
            this.#sendError(message.id, error);
        }
    }

    #init(message: ClientMessageOf<'init'>): void {
        const { store, settings, bus, authenticator, limits, presences, pause } = this.#context;
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
            user = authenticator.userOf(message.token, this.#client.address);
            this.#ends.push(limits.openSocket(user.id));
        } catch (error) {
            // A new account, or the time of a token's use, may not find room on the disk.
            this.#refuse(error, message.id);
            return;
        }
        this.#user = user;
        this.#log = this.#log.child({ user: user.id });
        clearTimeout(this.#initTimer);
        this.#client.introduced();
        this.#ends.push(presences.enter(user, () => this.#endToken()));
        const { resumeFrom } = message;
        const seq = store.users.lastSeq(user.id);
        this.#sender.send({
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
            workers: jobSlots(this.#context),
            server: `kvz-cloud ${VERSION}`,
            seq,
            ...(resumeFrom !== undefined &&
                store.events.hasForgotten(user.id, resumeFrom) && { eventsLost: true }),
            ...(pause.current && { paused: pause.current }),
        });
        // Nothing awaits between reading the missed events and subscribing, so none is lost or sent twice.
        const missed = resumeFrom === undefined ? [] : store.events.after(user.id, resumeFrom);
        for (const event of missed) this.#sender.send(event);
        this.#ends.push(
            bus.subscribe(user.id, (event) => this.#sender.sendEvent(event)),
            pause.onChange((paused) =>
                this.#sender.send({ type: 'queue', ...(paused && { paused }) }),
            ),
        );
    }
}
