/**
 * A conversation with the daemon that outlives its connections: when one breaks, another is made,
 * missed events are asked for, and watched jobs are looked at again.
 */
import { KvzError } from '../protocol/errors.js';
import type { JobEvent, Pause, ServerMessageOf } from '../protocol/messages.js';
import { backoffMs, sleep } from '../backoff.js';
import { Connection } from './connection.js';
import { JobListeners, updateOf } from './job-listeners.js';
import type { JobListener } from './job-listeners.js';
import type { Reply, Request, RequestType } from './messages.js';
import { DEFAULT_PATIENCE } from './patience.js';
import type { Patience } from './patience.js';
import { ConnectionLostError, systemCode } from './wire-error.js';

const RECONNECT = { firstMs: 250, maxMs: 10_000 };
/** How long a local daemon that vanished is given to come back before another is started. */
const RESTART_AFTER_MS = 3_000;

export interface SessionOptions {
    server: string;
    token: string;
    /** See {@link tlsOptions}. */
    ca?: string | undefined;
    signal?: AbortSignal | undefined;
    /** Starts a daemon on this machine; given only where that is wanted. */
    startDaemon?: (() => Promise<void>) | undefined;
    /** A broken session is given up as well when the daemon stays away for too long. */
    patience?: Patience;
    /** The connection broke (with the reason), or is there again (undefined). */
    onAway?: (reason: Error | undefined) => void;
    /** The queue is paused, for this reason now, or goes on again (undefined). */
    onPause?: (pause: Pause | undefined) => void;
}

/** Whether connecting again later may succeed where this failed. */
function mayPass(error: unknown): boolean {
    if (error instanceof ConnectionLostError) return true;
    if (!(error instanceof KvzError)) return false;
    return [
        'SHUTTING_DOWN',
        'TOO_SLOW',
        'HANDSHAKE_TIMEOUT',
        'TOO_MANY_REQUESTS',
        'TOO_MANY_SOCKETS',
    ].includes(error.code);
}

export class Session {
    readonly #options: SessionOptions;
    readonly #listeners = new JobListeners();
    readonly #onReconnect = new Set<() => void>();
    readonly #onEvent = new Set<(event: JobEvent) => void>();
    readonly #ending = new AbortController();
    #current: Promise<Connection>;
    #connection: Connection | undefined;
    #info: ServerMessageOf<'init.ok'> | undefined;
    #lastSeq: number | undefined;
    #paused: Pause | undefined;

    private constructor(options: SessionOptions) {
        this.#options = options;
        this.#current = this.#connectFirst();
    }

    /**
     * Connects, after starting a local daemon where none runs and that is wanted.
     * @throws KvzError UNREACHABLE, NOT_AUTHORISED, PROTOCOL_MISMATCH, FORBIDDEN_HOST
     */
    static async open(options: SessionOptions): Promise<Session> {
        const session = new Session(options);
        const abort = (): void => {
            session.#ending.abort(options.signal?.reason);
            // Nobody waits for answers any more.
            session.#connection?.close();
        };
        if (options.signal?.aborted) abort();
        else options.signal?.addEventListener('abort', abort, { once: true });
        try {
            await session.#current;
        } catch (error) {
            session.close();
            throw error;
        }
        return session;
    }

    /** What the daemon said of itself, at the latest connection. */
    get info(): ServerMessageOf<'init.ok'> {
        if (!this.#info) throw new ConnectionLostError('there is no connection');
        return this.#info;
    }

    get server(): string {
        return this.#options.server;
    }

    get token(): string {
        return this.#options.token;
    }

    get ca(): string | undefined {
        return this.#options.ca;
    }

    /**
     * Sends a request, over a new connection should this one break before the answer.
     * @param onReply see {@link Connection.request}
     * @throws KvzError with the daemon's code; UNREACHABLE when the daemon stays away
     */
    async request<T extends RequestType>(
        message: Request<T>,
        onReply?: (reply: Reply<T>) => void,
    ): Promise<Reply<T>> {
        for (;;) {
            const connection = await this.#current;
            try {
                return await connection.request<T>(message, onReply);
            } catch (error) {
                if (this.#ending.signal.aborted) throw this.#endReason();
                if (error instanceof KvzError && error.code === 'SHUTTING_DOWN') {
                    this.#lost(connection, error);
                } else if (!(error instanceof ConnectionLostError)) {
                    throw error;
                } else {
                    // The connection's own notice may come after the request's rejection.
                    this.#lost(connection, error);
                }
            }
        }
    }

    /**
     * Reports a job now and at each change, until the returned function is called. The first
     * report is the job as it is.
     */
    watch(jobId: string, listener: JobListener): () => void {
        this.#listeners.add(jobId, listener);
        const isWanted = (): boolean => this.#listeners.has(jobId, listener);
        const onReply = ({ job }: Reply<'job.watch'>): void => {
            if (isWanted()) listener.onUpdate(updateOf(job));
        };
        this.request<'job.watch'>({ type: 'job.watch', jobId }, onReply).catch((error: Error) => {
            if (isWanted()) listener.onError(error);
        });
        return () => this.#listeners.remove(jobId, listener);
    }

    /** Calls back each time that a broken connection has been replaced. */
    onReconnect(callback: () => void): () => void {
        this.#onReconnect.add(callback);
        return () => this.#onReconnect.delete(callback);
    }

    /** Calls back for each event of any job of the user. */
    onEvent(callback: (event: JobEvent) => void): () => void {
        this.#onEvent.add(callback);
        return () => this.#onEvent.delete(callback);
    }

    close(): void {
        this.#ending.abort(new ConnectionLostError('the session was closed'));
        this.#connection?.close();
        this.#current.catch(() => undefined);
    }

    get #patience(): Patience {
        return this.#options.patience ?? DEFAULT_PATIENCE;
    }

    #setPause(pause: Pause | undefined): void {
        if (pause?.message === this.#paused?.message) return;
        this.#paused = pause;
        this.#options.onPause?.(pause);
    }

    #endReason(): Error {
        const reason: unknown = this.#ending.signal.reason;
        return reason instanceof Error ? reason : new ConnectionLostError('the session ended');
    }

    async #connect(): Promise<Connection> {
        const connection = await Connection.open({
            server: this.#options.server,
            token: this.#options.token,
            ca: this.#options.ca,
            resumeFrom: this.#lastSeq,
            inactivityMs: this.#patience.inactivityMs,
            onEvent: (event) => this.#event(event),
            onPause: (pause) => this.#setPause(pause),
            onClose: (error) => this.#lost(connection, error),
            signal: this.#ending.signal,
        });
        if (this.#ending.signal.aborted) {
            connection.close();
            throw this.#endReason();
        }
        this.#connection = connection;
        this.#info = connection.info;
        this.#setPause(connection.info?.paused);
        const seq = connection.info?.seq ?? 0;
        // A daemon with a new database counts from the start again.
        if (this.#lastSeq === undefined || seq < this.#lastSeq) this.#lastSeq = seq;
        return connection;
    }

    async #connectFirst(): Promise<Connection> {
        try {
            return await this.#connect();
        } catch (error) {
            const { startDaemon } = this.#options;
            if (!startDaemon || systemCode(error) !== 'ECONNREFUSED') throw error;
            await startDaemon();
            return this.#connect();
        }
    }

    #lost(connection: Connection, error: Error): void {
        if (connection !== this.#connection || this.#ending.signal.aborted) return;
        this.#connection = undefined;
        connection.close();
        this.#options.onAway?.(error);
        this.#current = this.#reconnect(error);
        // Who waits for the connection is told; who does not must not end the process.
        this.#current.catch((failure: Error) => {
            this.#listeners.failAll(failure);
        });
    }

    async #reconnect(reason: Error): Promise<Connection> {
        const { signal } = this.#ending;
        const startedMs = Date.now();
        const limitMs = this.#patience.giveUpMs;
        const stopped = reason instanceof KvzError && reason.code === 'SHUTTING_DOWN';
        let last: unknown = reason;
        for (let attempt = 0; Date.now() - startedMs < limitMs; attempt++) {
            await sleep(backoffMs(attempt, RECONNECT), signal);
            try {
                const awayMs = Date.now() - startedMs;
                const { startDaemon } = this.#options;
                // One that was stopped on purpose is not started behind the user's back.
                if (
                    startDaemon &&
                    !stopped &&
                    awayMs > RESTART_AFTER_MS &&
                    systemCode(last) === 'ECONNREFUSED'
                ) {
                    await startDaemon();
                }
                const connection = await this.#connect();
                this.#reconnected(connection);
                return connection;
            } catch (error) {
                signal.throwIfAborted();
                if (!mayPass(error)) throw error;
                last = error;
            }
        }
        throw new KvzError(
            'UNREACHABLE',
            last instanceof Error ? last.message : 'the daemon does not come back',
            { cause: last },
        );
    }

    #reconnected(connection: Connection): void {
        this.#options.onAway?.(undefined);
        for (const jobId of this.#listeners.jobIds) void this.#watchAgain(connection, jobId);
        for (const callback of this.#onReconnect) callback();
    }

    /** Events may have been missed that are not sent again: looks at the job as it is now. */
    async #watchAgain(connection: Connection, jobId: string): Promise<void> {
        try {
            await connection.request<'job.watch'>({ type: 'job.watch', jobId }, ({ job }) => {
                this.#listeners.update(updateOf(job));
            });
        } catch (error) {
            if (error instanceof ConnectionLostError) return;
            this.#listeners.fail(jobId, error as Error);
        }
    }

    #event(event: JobEvent): void {
        if (this.#lastSeq !== undefined && event.seq <= this.#lastSeq) return;
        this.#lastSeq = event.seq;
        const { jobId, state, progress, result, failure } = event;
        this.#listeners.update({ jobId, state, progress, result, failure });
        for (const callback of this.#onEvent) callback(event);
    }
}
