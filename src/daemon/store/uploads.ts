/** Rows of uploads and their leaves. */
import { DIGEST_BYTES, fileIdFromLeaves, leafCount, leafLength } from '../../protocol/file-id.js';
import { LEAF_BYTES } from '../../protocol/limits.js';
import { normaliseRanges, type ByteRange } from '../../protocol/ranges.js';
import { newId } from '../ids.js';
import type { Db } from './database.js';
import {
    uploadFromRow,
    type Upload,
    type UploadedResult,
    type UploadRow,
    type UploadState,
} from './upload-record.js';

export interface Leaf {
    /** 0-based. */
    index: number;
    /** SHA-256, {@link DIGEST_BYTES} long. */
    digest: Buffer;
}

/** Uploads and the leaves that have arrived of them. */
export class Uploads {
    readonly #db: Db;

    constructor(db: Db) {
        this.#db = db;
    }

    get(id: string): Upload | undefined {
        const row = this.#db
            .prepare<[string], UploadRow>('SELECT * FROM uploads WHERE id = ?')
            .get(id);
        return row && uploadFromRow(row);
    }

    findOpen(userId: number, fileId: string): Upload | undefined {
        const row = this.#db
            .prepare<[number, string], UploadRow>(
                `SELECT * FROM uploads WHERE user_id = ? AND file_id = ? AND state = 'open'`,
            )
            .get(userId, fileId);
        return row && uploadFromRow(row);
    }

    create(
        userId: number,
        fileId: string,
        size: number,
        now: number,
        result?: UploadedResult,
    ): Upload {
        const id = newId();
        this.#db
            .prepare(
                `INSERT INTO uploads (id, user_id, file_id, size, state, created_at, touched_at, result)
                 VALUES (?, ?, ?, ?, 'open', ?, ?, ?)`,
            )
            .run(id, userId, fileId, size, now, now, result ? JSON.stringify(result) : null);
        const upload = this.get(id);
        if (!upload) throw new Error('the upload that was just written is not there');
        return upload;
    }

    /** Keeps the statistics of a result's frames, gzipped CSV, until the result is here. */
    keepFrames(id: string, csv: Buffer): void {
        this.#db.prepare('UPDATE uploads SET result_frames = ? WHERE id = ?').run(csv, id);
    }

    /** Gives what was kept, once. */
    takeFrames(id: string): Buffer | undefined {
        const csv = this.#db
            .prepare<[string], Buffer | null>('SELECT result_frames FROM uploads WHERE id = ?')
            .pluck()
            .get(id);
        this.#db.prepare('UPDATE uploads SET result_frames = NULL WHERE id = ?').run(id);
        return csv ?? undefined;
    }

    /** Open uploads of results of a job. */
    openResultsOf(jobId: string): Upload[] {
        return this.#db
            .prepare<[string], UploadRow>(
                `SELECT * FROM uploads
                 WHERE state = 'open' AND json_extract(result, '$.jobId') = ?`,
            )
            .all(jobId)
            .map(uploadFromRow);
    }

    allOpen(): Upload[] {
        return this.#db
            .prepare<[], UploadRow>(`SELECT * FROM uploads WHERE state = 'open'`)
            .all()
            .map(uploadFromRow);
    }

    /** Of one user or of all. */
    countOpen(userId?: number): number {
        return (
            this.#db
                .prepare<[number | null, number | null], number>(
                    `SELECT count(*) FROM uploads
                     WHERE state = 'open' AND (? IS NULL OR user_id = ?)`,
                )
                .pluck()
                .get(userId ?? null, userId ?? null) ?? 0
        );
    }

    /** Open uploads that nothing was heard of since `before` (ms since the epoch). */
    silentSince(before: number): Upload[] {
        return this.#db
            .prepare<[number], UploadRow>(
                `SELECT * FROM uploads WHERE state = 'open' AND touched_at < ?`,
            )
            .all(before)
            .map(uploadFromRow);
    }

    /** Bytes that open uploads were promised and have not filled yet. */
    reservedBytes(): number {
        return (
            this.#db
                .prepare<[number], number>(
                    `SELECT coalesce(sum(max(0, size - leaves * ?)), 0) FROM uploads
                     WHERE state = 'open'`,
                )
                .pluck()
                .get(LEAF_BYTES) ?? 0
        );
    }

    /** Bytes that a user has here: open uploads at their full size, and files in possession. */
    usedBytes(userId: number): number {
        return (
            this.#db
                .prepare<[number, number], number>(
                    `SELECT coalesce((SELECT sum(size) FROM uploads
                                      WHERE user_id = ? AND state = 'open'), 0)
                          + coalesce((SELECT sum(f.size) FROM possessions p
                                      JOIN files f ON f.id = p.file_id WHERE p.user_id = ?), 0)`,
                )
                .pluck()
                .get(userId, userId) ?? 0
        );
    }

    touch(id: string, now: number): void {
        this.#db.prepare('UPDATE uploads SET touched_at = ? WHERE id = ?').run(now, id);
    }

    hasLeaf(id: string, index: number): boolean {
        return (
            this.#db
                .prepare('SELECT 1 FROM upload_leaves WHERE upload_id = ? AND leaf = ?')
                .get(id, index) !== undefined
        );
    }

    /** How many of the leaves `[from, to)` are here. */
    countLeaves(id: string, from: number, to: number): number {
        return (
            this.#db
                .prepare<[string, number, number], number>(
                    `SELECT count(*) FROM upload_leaves
                     WHERE upload_id = ? AND leaf >= ? AND leaf < ?`,
                )
                .pluck()
                .get(id, from, to) ?? 0
        );
    }

    leavesOf(id: string): Leaf[] {
        return this.#db
            .prepare<[string], { leaf: number; digest: Buffer }>(
                'SELECT leaf, digest FROM upload_leaves WHERE upload_id = ? ORDER BY leaf',
            )
            .all(id)
            .map(({ leaf, digest }) => ({ index: leaf, digest }));
    }

    /** The byte ranges that are here. */
    received(upload: Upload): ByteRange[] {
        return normaliseRanges(
            this.leavesOf(upload.id).map(({ index }): ByteRange => {
                const from = index * LEAF_BYTES;
                return [from, from + leafLength(upload.size, index)];
            }),
        );
    }

    /** The bytes that are here. */
    receivedBytes({ id, size, leaves }: Upload): number {
        const last = leafCount(size) - 1;
        const missingInLast = this.hasLeaf(id, last) ? LEAF_BYTES - leafLength(size, last) : 0;
        return leaves * LEAF_BYTES - missingInLast;
    }

    /** Records leaves whose bytes are in the file; those that are recorded already are passed over. */
    addLeaves(id: string, leaves: readonly Leaf[], now: number): Upload | undefined {
        const insert = this.#db.prepare(
            `INSERT INTO upload_leaves (upload_id, leaf, digest) VALUES (?, ?, ?)
             ON CONFLICT DO NOTHING`,
        );
        return this.#db
            .transaction(() => {
                if (this.get(id)?.state !== 'open') return this.get(id);
                let added = 0;
                for (const { index, digest } of leaves) {
                    added += insert.run(id, index, digest).changes;
                }
                this.#db
                    .prepare('UPDATE uploads SET leaves = leaves + ?, touched_at = ? WHERE id = ?')
                    .run(added, now, id);
                return this.get(id);
            })
            .immediate();
    }

    /** Forgets leaves that turned out not to be on the disk, and ends the suspicion. */
    settleSuspect(id: string, lost: readonly number[]): void {
        const remove = this.#db.prepare(
            'DELETE FROM upload_leaves WHERE upload_id = ? AND leaf = ?',
        );
        this.#db
            .transaction(() => {
                let removed = 0;
                for (const index of lost) removed += remove.run(id, index).changes;
                this.#db
                    .prepare('UPDATE uploads SET leaves = leaves - ?, suspect = 0 WHERE id = ?')
                    .run(removed, id);
            })
            .immediate();
    }

    markAllSuspect(): void {
        this.#db.prepare(`UPDATE uploads SET suspect = 1 WHERE state = 'open'`).run();
    }

    /** Whether every leaf is here. */
    isFull(upload: Upload): boolean {
        return upload.leaves === leafCount(upload.size);
    }

    /** The id of what has arrived, from its leaves; undefined while any is missing. */
    computedFileId(upload: Upload): string | undefined {
        const digests = this.leavesOf(upload.id).map(({ digest }) => digest);
        const joined = Buffer.concat(digests);
        if (joined.length !== leafCount(upload.size) * DIGEST_BYTES) return undefined;
        return fileIdFromLeaves(upload.size, joined);
    }

    /** Ends an open upload; only the first call for it returns true. */
    close(id: string, state: Exclude<UploadState, 'open'>): boolean {
        return this.#db
            .transaction(() => {
                const closed = this.#db
                    .prepare(
                        `UPDATE uploads SET state = ?,
                             result_frames = iif(? = 'complete', result_frames, NULL)
                         WHERE id = ? AND state = 'open'`,
                    )
                    .run(state, state, id);
                this.#db.prepare('DELETE FROM upload_leaves WHERE upload_id = ?').run(id);
                return closed.changes === 1;
            })
            .immediate();
    }
}
