/** Clients that send what the generators make, over connections of their own. */
import { WebSocket } from 'ws';
import { bareSocket, openSocket } from './bare-socket.js';
import { hostileMessage } from './hostile-messages.js';
import { hostileRequest, type Target } from './hostile-requests.js';
import { Random } from './random.js';

/** Longer than the daemon takes for anything on a busy machine. */
const ANSWER_LIMIT_MS = 60_000;

export interface Tally {
    sent: number;
    /** Answers that are not errors. */
    accepted: number;
    errors: Map<string, number>;
    /** Connections that the daemon ended without an answer to the last that was sent. */
    closed: number;
}

export const newTally = (): Tally => ({ sent: 0, accepted: 0, errors: new Map(), closed: 0 });

const countError = (tally: Tally, code: string): void => {
    tally.errors.set(code, (tally.errors.get(code) ?? 0) + 1);
};

/** Sends messages one after the other, each when the last is answered or its connection closed. */
class HostileClient {
    readonly #url: string;
    readonly #tally: Tally;
    #socket: WebSocket | undefined;
    #settle: (() => void) | undefined;

    constructor(url: string, tally: Tally) {
        this.#url = url;
        this.#tally = tally;
    }

    get isOpen(): boolean {
        return this.#socket?.readyState === WebSocket.OPEN;
    }

    async open(): Promise<void> {
        const socket = await openSocket(this.#url);
        socket.on('message', (data: Buffer) => {
            const { type, code } = JSON.parse(data.toString('utf8')) as Record<string, string>;
            // Events and news of the queue come unasked.
            if (type === 'job.event' || type === 'queue') return;
            if (type === 'error') countError(this.#tally, code ?? '');
            else this.#tally.accepted += 1;
            this.#settled();
        });
        socket.on('close', () => {
            if (this.#settle) this.#tally.closed += 1;
            this.#settled();
        });
        this.#socket = socket;
    }

    /** @throws Error when the message is not answered and the connection not closed */
    async exchange(data: string | Buffer): Promise<void> {
        return new Promise((resolve, reject) => {
            const timer = setTimeout(
                () => reject(new Error(`no answer to ${String(data).slice(0, 300)}`)),
                ANSWER_LIMIT_MS,
            );
            this.#settle = () => {
                clearTimeout(timer);
                resolve();
            };
            this.#socket?.send(data);
        });
    }

    close(): void {
        this.#socket?.terminate();
    }

    #settled(): void {
        this.#settle?.();
        this.#settle = undefined;
    }
}

/** Sends `messages` malformed messages. @throws Error when one is not answered */
export async function sendHostileMessages(
    target: Target,
    url: string,
    seed: number,
    messages: number,
    tally: Tally,
): Promise<void> {
    const random = new Random(seed);
    const client = new HostileClient(url, tally);
    const init = JSON.stringify({ type: 'init', id: 0, protocol: 1, token: target.token });
    for (let id = 1; id <= messages; id += 1) {
        if (!client.isOpen) {
            await client.open();
            // Some of the messages go to connections that have not introduced themselves.
            if (random.below(10) !== 0) await client.exchange(init);
        }
        await client.exchange(hostileMessage(random, target.marker, id));
        tally.sent += 1;
    }
    client.close();
}

/**
 * Sends malformed requests, each over a connection of its own that is half closed.
 * @throws Error when one is not closed by the daemon
 */
export async function sendHostileRequests(
    target: Target,
    url: string,
    seed: number,
    requests: number,
    tally: Tally,
): Promise<void> {
    const random = new Random(seed);
    for (let i = 0; i < requests; i += 1) {
        const bytes = hostileRequest(random, target);
        const socket = bareSocket(url);
        let answer = '';
        socket.on('data', (part: Buffer) => (answer += part.toString('latin1')));
        await new Promise<void>((resolve, reject) => {
            const timer = setTimeout(() => {
                socket.destroy();
                reject(new Error(`not closed after ${bytes.toString('latin1').slice(0, 300)}`));
            }, ANSWER_LIMIT_MS);
            socket.once('close', () => {
                clearTimeout(timer);
                resolve();
            });
            socket.end(bytes);
        });
        tally.sent += 1;
        const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];
        if (status === undefined) tally.closed += 1;
        else if (/^[123]/.test(status)) tally.accepted += 1;
        else countError(tally, /"code":"(\w+)"/.exec(answer)?.[1] ?? status);
    }
}
