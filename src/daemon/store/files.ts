/** Rows of sources, and of who possesses them. */
import type { Db } from './database.js';

/** A complete source. */
export interface SourceFile {
    /** The tree hash, hex. */
    id: string;
    /** Bytes. */
    size: number;
    /** Its name in the sources folder. */
    storage: string;
}

/** Complete sources, known by their content, and who has shown to have them. */
export class Files {
    readonly #db: Db;

    constructor(db: Db) {
        this.#db = db;
    }

    get(id: string): SourceFile | undefined {
        return this.#db
            .prepare<[string], SourceFile>('SELECT id, size, storage FROM files WHERE id = ?')
            .get(id);
    }

    /** @returns false when the content is known already; nothing is changed then */
    add(file: SourceFile, now: number): boolean {
        return (
            this.#db
                .prepare(
                    `INSERT INTO files (id, size, storage, created_at) VALUES (?, ?, ?, ?)
                     ON CONFLICT (id) DO NOTHING`,
                )
                .run(file.id, file.size, file.storage, now).changes === 1
        );
    }

    markSynced(id: string): void {
        this.#db.prepare('UPDATE files SET synced = 1 WHERE id = ?').run(id);
    }

    /** Files that a power cut may have damaged. */
    unsynced(): SourceFile[] {
        return this.#db
            .prepare<[], SourceFile>('SELECT id, size, storage FROM files WHERE synced = 0')
            .all();
    }

    grant(userId: number, fileId: string, now: number): void {
        this.#db
            .prepare(
                `INSERT INTO possessions (user_id, file_id, created_at) VALUES (?, ?, ?)
                 ON CONFLICT DO NOTHING`,
            )
            .run(userId, fileId, now);
    }

    isPossessed(userId: number, fileId: string): boolean {
        return (
            this.#db
                .prepare('SELECT 1 FROM possessions WHERE user_id = ? AND file_id = ?')
                .get(userId, fileId) !== undefined
        );
    }

    /** Whether the daemon holds any file that this user has not shown to have. */
    anyForeign(userId: number): boolean {
        return (
            this.#db
                .prepare(
                    `SELECT 1 FROM files f WHERE NOT EXISTS
                         (SELECT 1 FROM possessions p WHERE p.file_id = f.id AND p.user_id = ?)
                     LIMIT 1`,
                )
                .get(userId) !== undefined
        );
    }

    /**
     * Ends a user's possession of a file that none of the user's jobs needs any more.
     * @param isUnusable the file itself is bad: jobs that failed need it no more
     * @returns the file, when nobody is left who possesses it: it is forgotten, and the caller
     *     removes its bytes
     */
    release(userId: number, fileId: string, isUnusable: boolean): SourceFile | undefined {
        const needing = isUnusable ? `AND jobs.state <> 'failed'` : '';
        this.#db
            .prepare(
                `DELETE FROM possessions WHERE user_id = ? AND file_id = ? AND NOT EXISTS
                     (SELECT 1 FROM jobs WHERE jobs.user_id = possessions.user_id
                                           AND jobs.file_id = possessions.file_id ${needing})`,
            )
            .run(userId, fileId);
        return this.#dropUnpossessed(fileId);
    }

    #dropUnpossessed(fileId: string): SourceFile | undefined {
        return this.#db
            .prepare<[string], SourceFile>(
                `DELETE FROM files WHERE id = ? AND NOT EXISTS
                     (SELECT 1 FROM possessions WHERE file_id = files.id)
                 RETURNING id, size, storage`,
            )
            .get(fileId);
    }

    /**
     * Possessions whose user has no job of the file that has not ended, or has ended since
     * `before` (ms since the epoch), and that are not newer themselves; `limit` at most.
     */
    unusedSince(before: number, limit: number): { userId: number; fileId: string }[] {
        return this.#db
            .prepare<[number, number, number], { userId: number; fileId: string }>(
                `SELECT user_id AS userId, file_id AS fileId FROM possessions AS p
                 WHERE created_at < ? AND NOT EXISTS
                     (SELECT 1 FROM jobs AS j WHERE j.file_id = p.file_id AND j.user_id = p.user_id
                                                AND (j.finished_at IS NULL OR j.finished_at >= ?))
                 LIMIT ?`,
            )
            .all(before, before, limit);
    }

    /**
     * Ends a user's possession of a file, whatever jobs there are.
     * @returns the file, when nobody is left who possesses it, as {@link release} does
     */
    expire(userId: number, fileId: string): SourceFile | undefined {
        this.#db
            .prepare('DELETE FROM possessions WHERE user_id = ? AND file_id = ?')
            .run(userId, fileId);
        return this.#dropUnpossessed(fileId);
    }

    remove(fileId: string): void {
        this.#db.prepare('DELETE FROM files WHERE id = ?').run(fileId);
    }
}
