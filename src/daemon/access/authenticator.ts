/** Whom a token stands for, under the access that the operator has set. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Settings } from '../../config/settings.js';
import { KvzError } from '../../protocol/errors.js';
import { TOKEN_PATTERN } from '../../protocol/limits.js';
import type { Store, User } from '../store/index.js';

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

export class Authenticator {
    readonly #store: Store;
    readonly #isOpen: boolean;
    readonly #ownerTokenFile: string | undefined;

    /**
     * @param ownerTokenFile the token of the commands of whoever runs the daemon: where any token
     *     opens an account, this one is the admin's
     */
    constructor(store: Store, settings: Pick<Settings, 'access'>, ownerTokenFile?: string) {
        this.#store = store;
        this.#isOpen = settings.access === 'open';
        this.#ownerTokenFile = ownerTokenFile;
    }

    /** @throws KvzError NOT_AUTHORISED, which does not say what is wrong with the token */
    userOf(token: string): User {
        const user = TOKEN_PATTERN.test(token) ? this.#find(token) : undefined;
        if (!user) throw new KvzError('NOT_AUTHORISED', 'this token is not accepted');
        return user;
    }

    #find(token: string): User | undefined {
        const { tokens } = this.#store;
        const now = Date.now();
        if (!this.#isOpen) return tokens.find(token, now, true);
        const user = tokens.findOrOpen(token, now);
        return user?.role === 'user' && this.#isOwner(token) ? { ...user, role: 'admin' } : user;
    }

    #isOwner(token: string): boolean {
        if (this.#ownerTokenFile === undefined) return false;
        try {
            const owner = readFileSync(this.#ownerTokenFile, 'utf8').trim();
            return timingSafeEqual(digestOf(owner), digestOf(token));
        } catch {
            // Commands make it when they need it.
            return false;
        }
    }
}
