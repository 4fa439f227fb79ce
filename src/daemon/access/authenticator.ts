/** Whom a token stands for, under the access that the operator has set. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Settings } from '../../config/settings.js';
import { KvzError } from '../../protocol/errors.js';
import { TOKEN_PATTERN } from '../../protocol/limits.js';
import type { Store, User } from '../store/index.js';
import { Buckets } from './buckets.js';
import { networkOf } from './limits.js';

/** Accounts that one address may open by tokens of its own making. */
const NEW_ACCOUNTS = { perSecond: 1, burst: 1000 };
/** Pairs of address and token that are remembered to have been good. */
const MAX_SEEN = 10_000;

/** The owner's token is asked for with each request; its file is read this often. */
const OWNER_READ_INTERVAL_MS = 1_000;

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Undefined where there is none yet: commands make it when they need it. */
function readDigest(tokenFile: string): Buffer | undefined {
    try {
        return digestOf(readFileSync(tokenFile, 'utf8').trim());
    } catch {
        return undefined;
    }
}

export class Authenticator {
    readonly #store: Store;
    readonly #isOpen: boolean;
    readonly #ownerTokenFile: string | undefined;
    readonly #failures: Buckets<string>;
    readonly #newAccounts = new Buckets<string>(NEW_ACCOUNTS);
    readonly #seen = new Set<string>();
    #owner: { digest: Buffer | undefined; readAtMs: number } = {
        digest: undefined,
        readAtMs: -Infinity,
    };

    /**
     * @param ownerTokenFile the token of the commands of whoever runs the daemon: where any token
     *     opens an account, this one is the admin's
     */
    constructor(
        store: Store,
        settings: Pick<Settings, 'access' | 'failedLoginsPerMinute'>,
        ownerTokenFile?: string,
    ) {
        this.#store = store;
        this.#isOpen = settings.access === 'open';
        this.#ownerTokenFile = ownerTokenFile;
        const perMinute = settings.failedLoginsPerMinute;
        this.#failures = new Buckets({ perSecond: perMinute / 60, burst: perMinute });
    }

    /**
     * An address from which too many wrong tokens came is not listened to for a while, unless with
     * a token that was good from there before: whoever shares it goes on with their work.
     * @param address the client's
     * @throws KvzError NOT_AUTHORISED, which does not say what is wrong with the token;
     *     TOO_MANY_REQUESTS
     */
    userOf(token: string, address: string): User {
        const network = networkOf(address);
        const user = TOKEN_PATTERN.test(token) ? this.#find(token, network) : undefined;
        if (user && this.#isSeen(`${network} ${user.tokenId}`)) return user;
        const isBlocked = this.#failures.waitMs(network) > 0;
        if (isBlocked) {
            throw new KvzError('TOO_MANY_REQUESTS', 'too many wrong tokens; try again later');
        }
        if (!user) {
            this.#failures.charge(network);
            throw new KvzError('NOT_AUTHORISED', 'this token is not accepted');
        }
        this.#remember(`${network} ${user.tokenId}`);
        return user;
    }

    #find(token: string, network: string): User | undefined {
        const { tokens } = this.#store;
        const now = Date.now();
        if (!this.#isOpen) return tokens.find(token, now, true);
        const user = tokens.find(token, now) ?? this.#openAccount(token, network, now);
        return user?.role === 'user' && this.#isOwner(token) ? { ...user, role: 'admin' } : user;
    }

    /** @returns undefined when the token was revoked or has expired */
    #openAccount(token: string, network: string, now: number): User | undefined {
        const { tokens } = this.#store;
        if (tokens.isKnown(token)) return undefined;
        if (this.#newAccounts.take(network) > 0) {
            throw new KvzError('TOO_MANY_REQUESTS', 'too many new accounts; try again later');
        }
        return tokens.findOrOpen(token, now);
    }

    #isSeen(pair: string): boolean {
        return this.#seen.has(pair);
    }

    #remember(pair: string): void {
        this.#seen.add(pair);
        if (this.#seen.size <= MAX_SEEN) return;
        for (const oldest of this.#seen) {
            this.#seen.delete(oldest);
            break;
        }
    }

    #isOwner(token: string): boolean {
        if (this.#ownerTokenFile === undefined) return false;
        const now = performance.now();
        const isOld = now - this.#owner.readAtMs >= OWNER_READ_INTERVAL_MS;
        if (isOld || !this.#owner.digest) {
            this.#owner = { digest: readDigest(this.#ownerTokenFile), readAtMs: now };
        }
        const { digest } = this.#owner;
        return digest !== undefined && timingSafeEqual(digest, digestOf(token));
    }
}
