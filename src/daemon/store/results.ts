/** Rows of results, found by their request key. */
import type { Container } from '../../protocol/messages.js';
import type { Db } from './database.js';

/**
 * What is told of a finished encode; the same for every job that it answers. Units are those of
 * `resultSchema` on the wire.
 */
export interface ResultData {
    inputBytes: number;
    frames: number;
    logoFrames: number;
    durationSeconds: number;
    bitrateBps: number;
    encodeSeconds: number;
    fps: number;
    psnr?: number;
    worstPsnr?: number;
    framesByType?: { I: number; P: number; B: number };
    notes: string[];
    /** Of the file, lower-case hex; results of early versions have none. */
    sha256?: string;
}

export interface StoredResult {
    /** Also its name in the results folder. */
    id: string;
    requestKey: string;
    container: Container;
    /** Of the file. */
    bytes: number;
    data: ResultData;
    /** Milliseconds since the epoch. */
    createdAt: number;
}

interface Row {
    id: string;
    request_key: string;
    container: Container;
    bytes: number;
    data: string;
    created_at: number;
}

const fromRow = (row: Row): StoredResult => ({
    id: row.id,
    requestKey: row.request_key,
    container: row.container,
    bytes: row.bytes,
    data: JSON.parse(row.data) as ResultData,
    createdAt: row.created_at,
});

/** Finished encodes, known by what was asked for and shared by all jobs that asked for it. */
export class Results {
    readonly #db: Db;

    constructor(db: Db) {
        this.#db = db;
    }

    get(id: string): StoredResult | undefined {
        const row = this.#db.prepare<[string], Row>('SELECT * FROM results WHERE id = ?').get(id);
        return row && fromRow(row);
    }

    byRequest(requestKey: string): StoredResult | undefined {
        const row = this.#db
            .prepare<[string], Row>('SELECT * FROM results WHERE request_key = ?')
            .get(requestKey);
        return row && fromRow(row);
    }

    add(result: StoredResult): void {
        this.#db
            .prepare(
                `INSERT INTO results (id, request_key, container, bytes, data, created_at, used_at)
                 VALUES (?, ?, ?, ?, ?, ?, ?)`,
            )
            .run(
                result.id,
                result.requestKey,
                result.container,
                result.bytes,
                JSON.stringify(result.data),
                result.createdAt,
                result.createdAt,
            );
    }

    /** Notes that a result was made a job's, or downloaded. */
    touch(id: string, now: number): void {
        this.#db.prepare('UPDATE results SET used_at = ? WHERE id = ?').run(now, id);
    }

    /** Results that nobody has used since `before` (ms since the epoch), `limit` at most. */
    unusedSince(before: number, limit: number): string[] {
        return this.#db
            .prepare<[number, number], string>(
                'SELECT id FROM results WHERE used_at < ? ORDER BY used_at LIMIT ?',
            )
            .pluck()
            .all(before, limit);
    }

    /** Drops a result that no job refers to and returns it, for its file to be removed. */
    dropUnused(id: string): StoredResult | undefined {
        const row = this.#db
            .prepare<[string], Row>(
                `DELETE FROM results WHERE id = ? AND NOT EXISTS
                     (SELECT 1 FROM jobs WHERE result_id = results.id)
                 RETURNING *`,
            )
            .get(id);
        return row && fromRow(row);
    }
}
