/**
 * Tokens and the accounts that they open. A token is known by its SHA-256 digest; the token itself
 * is stored nowhere. Tokens have 256 random bits, so a slow hash would protect nothing.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Role } from '../../protocol/roles.js';
import type { Db } from './database.js';

/** Who a token stands for. */
export interface User {
    id: number;
    name: string;
    role: Role;
    tokenId: number;
    /** Milliseconds since the epoch; undefined: never. */
    expiresAt: number | undefined;
}

export type TokenState = 'active' | 'expired' | 'revoked';

export interface IssuedToken {
    name: string;
    role: Role;
    state: TokenState;
    /** Milliseconds since the epoch, as are the other times. */
    createdAt: number;
    expiresAt: number | undefined;
    revokedAt: number | undefined;
    usedAt: number | undefined;
}

interface Row {
    token_id: number;
    user_id: number;
    name: string;
    role: Role;
    issued: number;
    created_at: number;
    expires_at: number | null;
    revoked_at: number | null;
    used_at: number | null;
}

const SELECT = `SELECT t.id AS token_id, t.user_id, u.name, t.role, t.issued, t.created_at,
                       t.expires_at, t.revoked_at, t.used_at
                FROM tokens t JOIN users u ON u.id = t.user_id`;
const IS_ACTIVE = '(revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?))';
/** The time of use is written at most this often. */
const USE_GRAIN_MS = 60_000;

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();

const stateOf = (row: Row, now: number): TokenState => {
    if (row.revoked_at !== null) return 'revoked';
    return row.expires_at !== null && row.expires_at <= now ? 'expired' : 'active';
};

const userOf = (row: Row): User => ({
    id: row.user_id,
    name: row.name,
    role: row.role,
    tokenId: row.token_id,
    expiresAt: row.expires_at ?? undefined,
});

export class Tokens {
    readonly #db: Db;

    constructor(db: Db) {
        this.#db = db;
    }

    /**
     * The user whom a token stands for now; undefined for one that is unknown, revoked or expired.
     * The look-up is by digest, so its time tells nothing of a token.
     * @param onlyIssued tokens that opened an account of their own do not count
     */
    find(token: string, now: number, onlyIssued = false): User | undefined {
        const row = this.#row(token);
        if (!row || stateOf(row, now) !== 'active' || (onlyIssued && !row.issued)) return undefined;
        if (row.used_at === null || now - row.used_at >= USE_GRAIN_MS) {
            this.#db.prepare('UPDATE tokens SET used_at = ? WHERE id = ?').run(now, row.token_id);
        }
        return userOf(row);
    }

    /** Whether a token was ever seen here, be it active or not. */
    isKnown(token: string): boolean {
        return this.#row(token) !== undefined;
    }

    /** As {@link find}; an unknown token opens an account of its own. */
    findOrOpen(token: string, now: number): User | undefined {
        if (!this.isKnown(token)) {
            const digest = digestOf(token);
            const name = `user-${digest.toString('hex').slice(0, 8)}`;
            this.#db
                .transaction(() => this.#insert(this.#newUser(name, now), digest, 'user', 0, now))
                .immediate();
        }
        return this.find(token, now);
    }

    /** Whether a token may still be used. */
    isActive(tokenId: number, now: number): boolean {
        return (
            this.#db
                .prepare(`SELECT 1 FROM tokens WHERE id = ? AND ${IS_ACTIVE}`)
                .get(tokenId, now) !== undefined
        );
    }

    /**
     * Makes a token for an account, which is made as well if there is none of this name.
     * @returns the token, which cannot be had again; undefined when the account has an active one
     */
    issue(name: string, role: Role, now: number, expiresAt?: number): string | undefined {
        const token = `kvz_${randomBytes(32).toString('base64url')}`;
        const issue = (): string | undefined => {
            const earlier = this.#db
                .prepare<[string], number>(
                    `SELECT u.id FROM users u JOIN tokens t ON t.user_id = u.id
                     WHERE u.name = ? AND t.issued = 1`,
                )
                .pluck()
                .get(name);
            if (earlier !== undefined && this.#hasActive(earlier, now)) return undefined;
            const userId = earlier ?? this.#newUser(name, now);
            this.#insert(userId, digestOf(token), role, 1, now, expiresAt);
            return token;
        };
        return this.#db.transaction(issue).immediate();
    }

    /** The last issued token of each account, by name. */
    list(now: number): IssuedToken[] {
        return this.#db
            .prepare<[], Row>(
                `${SELECT} WHERE t.id IN (SELECT max(id) FROM tokens WHERE issued = 1 GROUP BY user_id)
                 ORDER BY u.name`,
            )
            .all()
            .map((row) => ({
                name: row.name,
                role: row.role,
                state: stateOf(row, now),
                createdAt: row.created_at,
                expiresAt: row.expires_at ?? undefined,
                revokedAt: row.revoked_at ?? undefined,
                usedAt: row.used_at ?? undefined,
            }));
    }

    /** Ends the active token of an account; the account and its jobs stay. @returns whether there was one */
    revoke(name: string, now: number): boolean {
        return (
            this.#db
                .prepare(
                    `UPDATE tokens SET revoked_at = ? WHERE issued = 1 AND ${IS_ACTIVE}
                     AND user_id IN (SELECT id FROM users WHERE name = ?)`,
                )
                .run(now, now, name).changes > 0
        );
    }

    /**
     * Forgets accounts that opened themselves and hold nothing, when they were not used since
     * `before` (ms since the epoch): made-up tokens must not fill the database.
     */
    forgetUnused(before: number): void {
        const forget = (): void => {
            const ids = this.#db
                .prepare<[number], number>(
                    `SELECT t.user_id FROM tokens t WHERE t.issued = 0 AND coalesce(t.used_at, t.created_at) < ?
                     AND NOT EXISTS (SELECT 1 FROM jobs WHERE user_id = t.user_id)
                     AND NOT EXISTS (SELECT 1 FROM uploads WHERE user_id = t.user_id)
                     AND NOT EXISTS (SELECT 1 FROM possessions WHERE user_id = t.user_id)
                     AND NOT EXISTS (SELECT 1 FROM deliveries WHERE user_id = t.user_id)
                     AND NOT EXISTS (SELECT 1 FROM events WHERE user_id = t.user_id)
                     LIMIT 1000`,
                )
                .pluck()
                .all(before);
            for (const id of ids) {
                this.#db.prepare('DELETE FROM tokens WHERE user_id = ?').run(id);
                this.#db.prepare('DELETE FROM users WHERE id = ?').run(id);
            }
        };
        this.#db.transaction(forget).immediate();
    }

    #row(token: string): Row | undefined {
        return this.#db.prepare<[Buffer], Row>(`${SELECT} WHERE t.hash = ?`).get(digestOf(token));
    }

    #hasActive(userId: number, now: number): boolean {
        return (
            this.#db
                .prepare(`SELECT 1 FROM tokens WHERE user_id = ? AND issued = 1 AND ${IS_ACTIVE}`)
                .get(userId, now) !== undefined
        );
    }

    #newUser(name: string, now: number): number {
        const { lastInsertRowid } = this.#db
            .prepare('INSERT INTO users (name, created_at) VALUES (?, ?)')
            .run(name, now);
        return Number(lastInsertRowid);
    }

    #insert(
        userId: number,
        digest: Buffer,
        role: Role,
        issued: 0 | 1,
        now: number,
        expiresAt?: number,
    ): void {
        this.#db
            .prepare(
                `INSERT INTO tokens (user_id, hash, role, issued, created_at, expires_at)
                 VALUES (?, ?, ?, ?, ?, ?)`,
            )
            .run(userId, digest, role, issued, now, expiresAt ?? null);
    }
}
