/** Rows of deliveries: which bytes of a result were sent to whom. */
import { normaliseRanges, rangesBytes, type ByteRange } from '../../protocol/ranges.js';
import { newId } from '../ids.js';
import type { Db } from './database.js';

/** One delivery of a result to a user, perhaps by several requests. */
export interface Delivery {
    /** What has been sent of the file. */
    ranges: ByteRange[];
    /** Bytes sent in all; more than the file has where parts were sent again. */
    sentBytes: number;
    /** Whether all of the file has been sent. */
    isWhole: boolean;
}

interface Row {
    ranges: string;
    sent_bytes: number;
    whole: number;
}

/** What of each result has been sent to each user, where downloads are limited. */
export class Deliveries {
    readonly #db: Db;

    constructor(db: Db) {
        this.#db = db;
    }

    /** How often a result has been delivered whole to a user. */
    countWhole(userId: number, resultId: string): number {
        return (
            this.#db
                .prepare<[number, string], number>(
                    `SELECT count(*) FROM deliveries
                     WHERE user_id = ? AND result_id = ? AND whole = 1`,
                )
                .pluck()
                .get(userId, resultId) ?? 0
        );
    }

    get(userId: number, resultId: string, id: string): Delivery | undefined {
        const row = this.#db
            .prepare<[number, string, string], Row>(
                `SELECT ranges, sent_bytes, whole FROM deliveries
                 WHERE user_id = ? AND result_id = ? AND id = ?`,
            )
            .get(userId, resultId, id);
        return (
            row && {
                ranges: JSON.parse(row.ranges) as ByteRange[],
                sentBytes: row.sent_bytes,
                isWhole: row.whole === 1,
            }
        );
    }

    /**
     * Records what one request has sent. Nothing happens when the result is gone by now.
     * @param id the delivery that the request belongs to; '' for those that name none. When these
     *     have brought all of the file, that is one delivery, and the next begins.
     * @param sizeBytes of the whole file
     */
    add(userId: number, resultId: string, id: string, sent: ByteRange, sizeBytes: number): void {
        this.#db
            .transaction(() => {
                const known = this.#db.prepare('SELECT 1 FROM results WHERE id = ?').get(resultId);
                if (!known) return;
                const before = this.get(userId, resultId, id);
                const ranges = normaliseRanges([...(before?.ranges ?? []), sent]);
                const isWhole = before?.isWhole || rangesBytes(ranges) >= sizeBytes;
                if (id === '' && isWhole) {
                    this.#db
                        .prepare(
                            `DELETE FROM deliveries
                             WHERE user_id = ? AND result_id = ? AND id = ''`,
                        )
                        .run(userId, resultId);
                }
                this.#db
                    .prepare(
                        `INSERT OR REPLACE INTO deliveries
                             (user_id, result_id, id, ranges, sent_bytes, whole)
                         VALUES (?, ?, ?, ?, ?, ?)`,
                    )
                    .run(
                        userId,
                        resultId,
                        id === '' && isWhole ? newId() : id,
                        JSON.stringify(ranges),
                        (before?.sentBytes ?? 0) + sent[1] - sent[0],
                        isWhole ? 1 : 0,
                    );
            })
            .immediate();
    }
}
