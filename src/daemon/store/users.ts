import { createHash } from 'node:crypto';
import type { Db } from './database.js';

export interface User {
    id: number;
    name: string;
}

const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Users are known by the hash of their token; the token itself is stored nowhere. */
export class Users {
    readonly #db: Db;

    constructor(db: Db) {
        this.#db = db;
    }

    /** The user whom a token belongs to. The look-up is by hash, so its time tells nothing. */
    find(token: string): User | undefined {
        return this.#db
            .prepare<[Buffer], User>('SELECT id, name FROM users WHERE token_hash = ?')
            .get(hashToken(token));
    }

    /** As {@link find}; an unknown token opens an account of its own. */
    findOrCreate(token: string, now: number): User {
        const hash = hashToken(token);
        const name = `user-${hash.toString('hex').slice(0, 8)}`;
        this.#db
            .prepare(
                `INSERT INTO users (name, token_hash, created_at) VALUES (?, ?, ?)
                 ON CONFLICT (token_hash) DO NOTHING`,
            )
            .run(name, hash, now);
        const user = this.find(token);
        if (!user) throw new Error('the user that was just written is not there');
        return user;
    }

    /** The sequence number of the user's last event; 0 when there was none. */
    lastSeq(userId: number): number {
        return (
            this.#db
                .prepare<[number], number>('SELECT seq FROM users WHERE id = ?')
                .pluck()
                .get(userId) ?? 0
        );
    }
}
