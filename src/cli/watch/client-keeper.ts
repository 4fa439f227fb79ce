/** A connection to the daemon for as long as a watch lasts. */
import type { Client } from '../../client/client.js';

export class ClientKeeper {
    readonly #open: () => Promise<Client>;
    #current: Promise<Client> | undefined;

    constructor(open: () => Promise<Client>) {
        this.#open = open;
    }

    /** The one that there is, or a new one. @throws KvzError when there is none to be had */
    async get(): Promise<Client> {
        const current = (this.#current ??= this.#open());
        try {
            return await current;
        } catch (error) {
            if (this.#current === current) this.#current = undefined;
            throw error;
        }
    }

    /** The connection is of no use any more: the next {@link get} makes another one. */
    async drop(client: Client): Promise<void> {
        const current = await this.#current?.catch(() => undefined);
        if (current !== client) return;
        this.#current = undefined;
        client.close();
    }

    async close(): Promise<void> {
        const current = await this.#current?.catch(() => undefined);
        if (current) await this.drop(current);
    }
}
