/** The database file: opened, brought up to its schema, statements compiled once. */
import Database from 'better-sqlite3';
import { migrate, SCHEMA_VERSION } from './migrations.js';

export type Db = Database.Database;

/**
 * Opens the database and brings its schema up to date.
 * @param readonly looks only, beside whoever else uses it
 * @throws Error when that would need another schema
 */
export function openDatabase(path: string, readonly = false): Db {
    const db = new Database(path, { readonly });
    if (readonly) {
        const version = Number(db.pragma('user_version', { simple: true }));
        if (version !== SCHEMA_VERSION) {
            db.close();
            throw new Error(`the database has schema ${version}, this version ${SCHEMA_VERSION}`);
        }
        cacheStatements(db);
        return db;
    }
    // With WAL, NORMAL cannot corrupt the database; a power cut may undo the last transactions,
    // which is what the check of suspect uploads is for.
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    db.pragma('foreign_keys = ON');
    // Milliseconds: a command that writes beside the daemon is waited for.
    db.pragma('busy_timeout = 5000');
    migrate(db);
    cacheStatements(db);
    return db;
}

/** Compiles each statement once: preparing costs more than running most of ours. */
function cacheStatements(db: Db): void {
    const prepare = db.prepare.bind(db) as (sql: string) => Database.Statement;
    const statements = new Map<string, Database.Statement>();
    db.prepare = ((sql: string) => {
        let statement = statements.get(sql);
        if (!statement) statements.set(sql, (statement = prepare(sql)));
        return statement;
    }) as Db['prepare'];
}
