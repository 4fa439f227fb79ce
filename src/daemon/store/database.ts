import Database from 'better-sqlite3';
import { migrate } from './migrations.js';

export type Db = Database.Database;

/** Opens the database and brings its schema up to date. */
export function openDatabase(path: string): Db {
    const db = new Database(path);
    // With WAL, NORMAL cannot corrupt the database; a power cut may undo the last transactions,
    // which is what the check of suspect uploads is for.
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    db.pragma('foreign_keys = ON');
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
