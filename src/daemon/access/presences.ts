/**
 * What is going on under which token, so that it ends with the token. Tokens may be revoked by
 * another process (`kvz-cloud token revoke`), so the database is looked at every second.
 */
import type { Store, User } from '../store/index.js';

const INTERVAL_MS = 1_000;

interface Presence {
    user: User;
    end: () => void;
}

export class Presences {
    readonly #store: Store;
    readonly #presences = new Set<Presence>();
    readonly #timer: NodeJS.Timeout;
    #version: number;

    constructor(store: Store) {
        this.#store = store;
        this.#version = store.dataVersion();
        this.#timer = setInterval(() => this.#look(), INTERVAL_MS).unref();
    }

    /**
     * @param end called once, when the token may not be used any more
     * @returns what to call when it has ended by itself
     */
    enter(user: User, end: () => void): () => void {
        const presence = { user, end };
        this.#presences.add(presence);
        return () => void this.#presences.delete(presence);
    }

    /** Ends what goes on under tokens that were revoked or have expired. */
    endOutdated(now = Date.now()): void {
        const isActive = new Map<number, boolean>();
        for (const presence of this.#presences) {
            const { tokenId } = presence.user;
            let active = isActive.get(tokenId);
            if (active === undefined) {
                active = this.#store.tokens.isActive(tokenId, now);
                isActive.set(tokenId, active);
            }
            if (active) continue;
            this.#presences.delete(presence);
            presence.end();
        }
    }

    stop(): void {
        clearInterval(this.#timer);
    }

    /** The database needs to be asked only after another process has written to it. */
    #look(): void {
        const now = Date.now();
        const version = this.#store.dataVersion();
        const isChanged = version !== this.#version;
        this.#version = version;
        let isOver = isChanged;
        for (const { user } of this.#presences) isOver ||= (user.expiresAt ?? Infinity) <= now;
        if (isOver) this.endOutdated(now);
    }
}
