/**
 * The limit of downloads: how often a result may be delivered whole to one user.
 *
 * A delivery is all of a file, sent by one request or by several that each bring a part. Requests
 * that name the same delivery (`Kvz-Delivery`) belong together; those that name none form one
 * delivery after the other. While a request is being answered it holds one of the deliveries that
 * are left, so that several at once cannot exceed the limit; it gives it back if it breaks off.
 */
import { KvzError } from '../../protocol/errors.js';
import type { ByteRange } from '../../protocol/ranges.js';
import type { Store, StoredResult } from '../store/index.js';

const ID_PATTERN = /^[\w-]{8,64}$/;
/**
 * A delivery that counts as whole may be asked for parts again, as its last bytes may have been
 * lost between here and there: until it has sent its file this many times.
 */
const MOST_SENT = 2;

/** A request that is being answered. */
interface OpenRequest {
    deliveryId: string;
    /** Whether it holds one of the deliveries that are left. */
    holdsOne: boolean;
    /** Breaks the answer off. */
    cut: () => void;
    end: (sentBytes: number) => void;
    sentBytes: () => number;
}

export interface Answering {
    /** Call when the answer has ended, in whatever way, with the bytes that were sent of it. */
    end: (sentBytes: number) => void;
}

/**
 * The delivery that a request names.
 * @returns '' where it names none
 * @throws KvzError BAD_MESSAGE
 */
export function deliveryId(header: string | string[] | undefined): string {
    if (header === undefined) return '';
    if (typeof header !== 'string' || !ID_PATTERN.test(header)) {
        throw new KvzError('BAD_MESSAGE', 'Kvz-Delivery is 8 to 64 letters, digits, - or _');
    }
    return header;
}

export class DeliveryLimit {
    readonly #store: Store;
    readonly #limit: number;
    readonly #open = new Map<string, Set<OpenRequest>>();

    /** @param limit whole deliveries of a result to one user; 0: no limit */
    constructor(store: Store, limit: number) {
        this.#store = store;
        this.#limit = limit;
    }

    /**
     * Lets a request begin. An earlier one of the same delivery that is still being answered is
     * broken off: its client has given it up, or it would not ask again.
     * @param id of the delivery, as of {@link deliveryId}
     * @throws KvzError DOWNLOAD_LIMIT, DOWNLOAD_BUSY
     */
    begin(
        userId: number,
        result: StoredResult,
        id: string,
        range: ByteRange,
        answer: { cut: () => void; sentBytes: () => number },
    ): Answering {
        if (this.#limit === 0) return { end: () => undefined };
        const key = `${userId} ${result.id}`;
        const open = this.#open.get(key) ?? new Set<OpenRequest>();
        for (const other of open) {
            if (id === '' || other.deliveryId !== id) continue;
            other.end(other.sentBytes());
            other.cut();
        }
        const holdsOne = this.#admit(userId, result, id, range, open);
        const request: OpenRequest = {
            ...answer,
            deliveryId: id,
            holdsOne,
            end: (sentBytes) => {
                if (!open.delete(request)) return;
                if (open.size === 0) this.#open.delete(key);
                const sent = [range[0], Math.min(range[0] + sentBytes, range[1])] as const;
                if (sent[0] < sent[1]) {
                    this.#store.deliveries.add(userId, result.id, id, sent, result.bytes);
                }
            },
        };
        open.add(request);
        this.#open.set(key, open);
        return request;
    }

    /** @returns whether the request takes one of the deliveries that are left */
    #admit(
        userId: number,
        result: StoredResult,
        id: string,
        range: ByteRange,
        open: ReadonlySet<OpenRequest>,
    ): boolean {
        const { deliveries } = this.#store;
        const earlier = id === '' ? undefined : deliveries.get(userId, result.id, id);
        if (earlier?.isWhole) {
            const sentBytes = earlier.sentBytes + range[1] - range[0];
            if (sentBytes <= MOST_SENT * result.bytes) return false;
            throw new KvzError('DOWNLOAD_LIMIT', 'this delivery is complete');
        }
        const delivered = deliveries.countWhole(userId, result.id);
        const times = this.#limit === 1 ? 'once' : `${this.#limit} times`;
        if (delivered >= this.#limit) {
            throw new KvzError('DOWNLOAD_LIMIT', `the result can be downloaded ${times} only`);
        }
        const held = [...open].filter((request) => request.holdsOne).length;
        if (delivered + held >= this.#limit) {
            throw new KvzError(
                'DOWNLOAD_BUSY',
                `the result can be downloaded ${times} only, and that is under way`,
            );
        }
        return true;
    }
}
