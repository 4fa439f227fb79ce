/** A connection to the daemon for as long as a watch lasts. */
import type { EncodeServices } from '../../client/encode-request.js';
import { createServices } from '../../client/encode-services.js';
import type { Patience } from '../../client/patience.js';
import type { Session } from '../../client/session.js';

export interface ServiceKeeperOptions {
    open: () => Promise<Session>;
    cacheDir: string;
    patience: Patience;
}

export class ServiceKeeper {
    readonly #options: ServiceKeeperOptions;
    #current: Promise<EncodeServices> | undefined;

    constructor(options: ServiceKeeperOptions) {
        this.#options = options;
    }

    /** What there is, or a new connection. @throws KvzError when there is none to be had */
    async get(): Promise<EncodeServices> {
        const current = (this.#current ??= this.#open());
        try {
            return await current;
        } catch (error) {
            if (this.#current === current) this.#current = undefined;
            throw error;
        }
    }

    /** The connection is of no use any more: the next {@link get} makes another one. */
    async drop(services: EncodeServices): Promise<void> {
        const current = await this.#current?.catch(() => undefined);
        if (current !== services) return;
        this.#current = undefined;
        services.session.close();
        services.http.close();
    }

    async close(): Promise<void> {
        const current = await this.#current?.catch(() => undefined);
        if (current) await this.drop(current);
    }

    async #open(): Promise<EncodeServices> {
        const { open, cacheDir, patience } = this.#options;
        return createServices(await open(), { cacheDir, patience });
    }
}
