/**
 * The way of events from the transactions that wrote them to the sessions and parts that listen.
 */
import type { JobEvent } from '../protocol/messages.js';
import type { StoredEvent } from './store/index.js';

type Listener = (event: JobEvent) => void;
type AnyListener = (stored: StoredEvent) => void;

/** Carries events that the store has written to whoever listens for that user. */
export class EventBus {
    readonly #listeners = new Map<number, Set<Listener>>();
    readonly #anyListeners = new Set<AnyListener>();

    /** @returns a function that ends the subscription */
    subscribe(userId: number, listener: Listener): () => void {
        let listeners = this.#listeners.get(userId);
        if (!listeners) this.#listeners.set(userId, (listeners = new Set()));
        listeners.add(listener);
        return () => {
            listeners.delete(listener);
            if (listeners.size === 0 && this.#listeners.get(userId) === listeners) {
                this.#listeners.delete(userId);
            }
        };
    }

    /** For the daemon's own parts: the events of all users. @returns as {@link subscribe} */
    subscribeAll(listener: AnyListener): () => void {
        this.#anyListeners.add(listener);
        return () => void this.#anyListeners.delete(listener);
    }

    /** Call after the transaction that wrote the events, never within it. */
    publish(events: Iterable<StoredEvent | undefined>): void {
        for (const stored of events) {
            if (!stored) continue;
            for (const listener of this.#anyListeners) listener(stored);
            for (const listener of this.#listeners.get(stored.userId) ?? []) listener(stored.event);
        }
    }
}
