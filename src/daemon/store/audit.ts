/** What the comparison of rows and files asks of the database. */
import type { Db } from './database.js';

/** Names of files that some kind of row tells of. */
export type NameKind = 'source' | 'result' | 'job';

const KNOWN: Readonly<Record<NameKind, string>> = {
    source: `SELECT 1 FROM files WHERE storage = name.value
             UNION ALL SELECT 1 FROM uploads WHERE id = name.value AND state = 'open'`,
    result: 'SELECT 1 FROM results WHERE id = name.value',
    job: 'SELECT 1 FROM jobs WHERE id = name.value',
};

/**
 * What the comparison of rows and files asks, a page at a time, so that however many rows there
 * are none of its calls takes long. Pages go by id: what is added meanwhile may be left out.
 */
export class Audit {
    readonly #db: Db;

    constructor(db: Db) {
        this.#db = db;
    }

    /** Those of the names that no row tells of. */
    unknown(kind: NameKind, names: readonly string[]): string[] {
        return this.#db
            .prepare<[string], string>(
                `SELECT name.value FROM json_each(?) AS name WHERE NOT EXISTS (${KNOWN[kind]})`,
            )
            .pluck()
            .all(JSON.stringify(names));
    }

    /** Sources with an id after `after`, in its order. */
    sources(after: string, limit: number): { id: string; storage: string }[] {
        return this.#db
            .prepare<[string, number], { id: string; storage: string }>(
                'SELECT id, storage FROM files WHERE id > ? ORDER BY id LIMIT ?',
            )
            .all(after, limit);
    }

    /** As {@link sources}. `isUsed`: some job refers to it. */
    results(after: string, limit: number): { id: string; isUsed: boolean }[] {
        return this.#db
            .prepare<[string, number], { id: string; used: number }>(
                `SELECT id, EXISTS (SELECT 1 FROM jobs WHERE result_id = r.id) AS used
                 FROM results AS r WHERE id > ? ORDER BY id LIMIT ?`,
            )
            .all(after, limit)
            .map(({ id, used }) => ({ id, isUsed: used === 1 }));
    }

    /** As {@link sources}. `lacksResult`: it is ready, and refers to none. */
    jobs(after: string, limit: number): { id: string; lacksResult: boolean }[] {
        return this.#db
            .prepare<[string, number], { id: string; lacks: number }>(
                `SELECT id, (state = 'ready' AND result_id IS NULL) AS lacks
                 FROM jobs WHERE id > ? ORDER BY id LIMIT ?`,
            )
            .all(after, limit)
            .map(({ id, lacks }) => ({ id, lacksResult: lacks === 1 }));
    }
}
