/** How much one user, or one address, may ask of the daemon. */
import { isIP } from 'node:net';
import type { Settings } from '../../config/settings.js';
import { KvzError } from '../../protocol/errors.js';
import { Buckets } from './buckets.js';

/** Seconds' worth of requests or messages that may come at once. */
const BURST_SECONDS = 2;
/** Bytes of a message, or of its answer, that count as much as one message more. */
const BYTES_PER_MESSAGE = 8 * 1024;
/** Chunks that are received at once for all users: each has a leaf (1 MiB) in memory. */
const MAX_TRANSFERS = 192;
/** Connections of one address that have not said who they are. */
const MAX_PENDING_SOCKETS = 128;

const paceOf = (perSecond: number): { perSecond: number; burst: number } => ({
    perSecond,
    burst: perSecond * BURST_SECONDS,
});

/** Counts what is open by key; each opening is closed once. */
class Gauge<K> {
    readonly #counts = new Map<K, number>();
    total = 0;

    count(key: K): number {
        return this.#counts.get(key) ?? 0;
    }

    /** @returns what closes it */
    open(key: K): () => void {
        this.#counts.set(key, this.count(key) + 1);
        this.total += 1;
        let isOpen = true;
        return () => {
            if (!isOpen) return;
            isOpen = false;
            this.total -= 1;
            const left = this.count(key) - 1;
            if (left === 0) this.#counts.delete(key);
            else this.#counts.set(key, left);
        };
    }
}

/**
 * What stands for whoever is behind an address: of IPv6 the first 64 bits, which is the smallest
 * network that a customer gets (RFC 6177); of IPv4 the address.
 */
export function networkOf(address: string): string {
    if (isIP(address) !== 6) return address;
    const [head = ''] = address.split('%');
    const [before = '', after] = head.split('::');
    const groups = before.split(':').filter(Boolean);
    if (after !== undefined) {
        const tail = after.split(':').filter(Boolean);
        while (groups.length + tail.length < 8) groups.push('0');
        groups.push(...tail);
    }
    return groups
        .slice(0, 4)
        .map((group) => Number.parseInt(group, 16).toString(16))
        .join(':');
}

export class Limits {
    readonly #settings: Pick<Settings, 'socketsPerUser' | 'transfersPerUser'>;
    readonly #requests: Buckets<number>;
    readonly #strangers: Buckets<string>;
    readonly #messages: Buckets<number>;
    readonly #sockets = new Gauge<number>();
    readonly #pending = new Gauge<string>();
    readonly #transfers = new Gauge<number>();

    constructor(
        settings: Pick<
            Settings,
            'requestsPerSecond' | 'messagesPerSecond' | 'socketsPerUser' | 'transfersPerUser'
        >,
    ) {
        this.#settings = settings;
        this.#requests = new Buckets(paceOf(settings.requestsPerSecond));
        this.#strangers = new Buckets(paceOf(settings.requestsPerSecond));
        this.#messages = new Buckets(paceOf(settings.messagesPerSecond));
    }

    /** An HTTP request of a user. @throws KvzError TOO_MANY_REQUESTS */
    request(userId: number): void {
        if (this.#requests.take(userId) > 0) throw tooMany('requests');
    }

    /** An HTTP request of nobody known. @throws KvzError TOO_MANY_REQUESTS */
    strangerRequest(address: string): void {
        if (this.#strangers.take(networkOf(address)) > 0) throw tooMany('requests');
    }

    /** Milliseconds for which no message of a user is to be looked at. */
    messageWaitMs(userId: number): number {
        return this.#messages.waitMs(userId);
    }

    /** Counts a message of a user, or its answer, by its size. */
    countMessage(userId: number, sizeBytes: number, isAnswer = false): void {
        this.#messages.charge(userId, (isAnswer ? 0 : 1) + sizeBytes / BYTES_PER_MESSAGE);
    }

    /** @returns what to call when the socket has closed. @throws KvzError TOO_MANY_SOCKETS */
    openSocket(userId: number): () => void {
        const { socketsPerUser } = this.#settings;
        if (this.#sockets.count(userId) >= socketsPerUser) {
            throw new KvzError(
                'TOO_MANY_SOCKETS',
                `${socketsPerUser} connections of this user are open already`,
            );
        }
        return this.#sockets.open(userId);
    }

    /** A socket that has not said `init`. @returns as {@link openSocket}. @throws KvzError TOO_MANY_SOCKETS */
    openPending(address: string): () => void {
        const network = networkOf(address);
        if (this.#pending.count(network) >= MAX_PENDING_SOCKETS) {
            throw new KvzError(
                'TOO_MANY_SOCKETS',
                `${MAX_PENDING_SOCKETS} connections of this address have not introduced themselves`,
            );
        }
        return this.#pending.open(network);
    }

    /** The receiving of a chunk. @returns what to call at its end. @throws KvzError TOO_MANY_REQUESTS */
    beginTransfer(userId: number): () => void {
        const isFull =
            this.#transfers.total >= MAX_TRANSFERS ||
            this.#transfers.count(userId) >= this.#settings.transfersPerUser;
        if (isFull) throw tooMany('chunks at once');
        return this.#transfers.open(userId);
    }
}

function tooMany(what: string): KvzError {
    return new KvzError('TOO_MANY_REQUESTS', `too many ${what}; try again a little later`);
}
