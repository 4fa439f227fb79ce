/** Rows of users. */
import type { Db } from './database.js';

/** Accounts, and the numbers of their events. Who may use one is in tokens.ts. */
export class Users {
    readonly #db: Db;

    constructor(db: Db) {
        this.#db = db;
    }

    name(userId: number): string {
        return (
            this.#db
                .prepare<[number], string>('SELECT name FROM users WHERE id = ?')
                .pluck()
                .get(userId) ?? ''
        );
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
