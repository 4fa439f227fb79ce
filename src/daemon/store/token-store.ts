/** The tokens of a data folder, for commands that work beside its daemon or without one. */
import Database from 'better-sqlite3';
import { existsSync } from 'node:fs';
import { openDatabase } from './database.js';
import { SCHEMA_VERSION } from './migrations.js';
import { Tokens } from './tokens.js';

/** Whether a database must be brought up to date before it can be used; also when there is none. */
export function needsMigration(path: string): boolean {
    if (!existsSync(path)) return true;
    const db = new Database(path, { readonly: true, timeout: 5000 });
    try {
        return Number(db.pragma('user_version', { simple: true })) < SCHEMA_VERSION;
    } finally {
        db.close();
    }
}

/** Works on the tokens of a database that a daemon may be using at the same time. */
export function withTokens<T>(path: string, work: (tokens: Tokens) => T): T {
    const db = openDatabase(path);
    try {
        return work(new Tokens(db));
    } finally {
        db.close();
    }
}
