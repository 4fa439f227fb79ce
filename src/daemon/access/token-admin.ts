/**
 * Issuing tokens on the daemon's own machine, beside a daemon that may be running: SQLite's WAL
 * lets both write. Whoever may write the data folder (mode 0700) may do this.
 */
import { KvzError } from '../../protocol/errors.js';
import type { TokenInfo } from '../../protocol/messages.js';
import { ACCOUNT_NAME_PATTERN, type Role } from '../../protocol/roles.js';
import { DataFolderBusyError, lockDataFolder } from '../data-lock.js';
import { openFolders } from '../folders.js';
import type { IssuedToken, Tokens } from '../store/index.js';
import { needsMigration, withTokens } from '../store/token-store.js';

const iso = (ms: number): string => new Date(ms).toISOString();

function infoOf(token: IssuedToken): TokenInfo {
    const { expiresAt, revokedAt, usedAt } = token;
    return {
        name: token.name,
        role: token.role,
        state: token.state,
        createdAt: iso(token.createdAt),
        ...(expiresAt !== undefined && { expiresAt: iso(expiresAt) }),
        ...(revokedAt !== undefined && { revokedAt: iso(revokedAt) }),
        ...(usedAt !== undefined && { usedAt: iso(usedAt) }),
    };
}

/** What is done with tokens, on a store that is open. */
export class TokenAdmin {
    readonly #tokens: Tokens;

    constructor(tokens: Tokens) {
        this.#tokens = tokens;
    }

    /**
     * @param expiresInSeconds undefined: never
     * @returns the token, which is told only this once
     * @throws KvzError BAD_MESSAGE for a name that cannot be one, TOKEN_EXISTS
     */
    create(name: string, role: Role, expiresInSeconds?: number): TokenInfo & { token: string } {
        if (!ACCOUNT_NAME_PATTERN.test(name)) {
            throw new KvzError(
                'BAD_MESSAGE',
                `"${name}" cannot be a name: letters, digits, "-", "_" and "." are allowed, 64 at most`,
            );
        }
        const now = Date.now();
        const expiresAt =
            expiresInSeconds === undefined ? undefined : now + expiresInSeconds * 1000;
        const token = this.#tokens.issue(name, role, now, expiresAt);
        if (token === undefined) {
            throw new KvzError('TOKEN_EXISTS', `${name} has a token already; revoke it first`);
        }
        const info = this.list().find((each) => each.name === name);
        if (!info) throw new Error('the token that was just made is not there');
        return { ...info, token };
    }

    list(): TokenInfo[] {
        return this.#tokens.list(Date.now()).map(infoOf);
    }

    /** @throws KvzError UNKNOWN_TOKEN when the account has no active token */
    revoke(name: string): TokenInfo {
        const revoked = this.#tokens.revoke(name, Date.now());
        const info = this.list().find((each) => each.name === name);
        if (!revoked || !info) throw new KvzError('UNKNOWN_TOKEN', `${name} has no active token`);
        return info;
    }
}

/** Works on the tokens of a data folder. @throws KvzError as {@link TokenAdmin} does, WRONG_STATE */
export function withTokensOf<T>(dataDir: string, work: (admin: TokenAdmin) => T): T {
    const { database } = openFolders(dataDir);
    if (!needsMigration(database)) {
        return withTokens(database, (tokens) => work(new TokenAdmin(tokens)));
    }
    // The schema must not change under a daemon that is running.
    let unlock: () => void;
    try {
        unlock = lockDataFolder(dataDir);
    } catch (error) {
        if (!(error instanceof DataFolderBusyError)) throw error;
        throw new KvzError(
            'WRONG_STATE',
            'the running daemon is of an older version; restart it first',
        );
    }
    try {
        return withTokens(database, (tokens) => work(new TokenAdmin(tokens)));
    } finally {
        unlock();
    }
}
