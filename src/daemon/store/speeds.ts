/** How fast earlier encodes were, and the jobs that a forecast is made for. */
import type { JobState } from '../../protocol/job-state.js';
import type { EncodeOptions, Progress } from '../../protocol/messages.js';
import type { Db } from './database.js';
import { RUNNING } from './job-sets.js';

/** What earlier encodes weigh when another one is added: the last five make two thirds. */
const KEPT_WEIGHT = 0.8;

/** A job that waits or runs, with what can be known of its length. */
export interface PendingJob {
    id: string;
    userId: number;
    state: JobState;
    requestKey: string;
    priority: number;
    /** How late the user was served, see `users.served`. */
    served: number;
    /** Higher for a job that was made later. */
    number: number;
    /** Milliseconds since the epoch. */
    retryAt: number | undefined;
    progress: Progress | undefined;
    /** The time that it takes, from its pixels and the speed of its preset; undefined: not known. */
    estimatedSeconds: number | undefined;
}

interface Row {
    id: string;
    user_id: number;
    state: JobState;
    request_key: string;
    priority: number;
    served: number;
    number: number;
    retry_at: number | null;
    progress: string | null;
    options: string;
    pixels: number | null;
}

/** How fast encodes were, and so how long those will take that are still to come. */
export class Speeds {
    readonly #db: Db;

    constructor(db: Db) {
        this.#db = db;
    }

    /**
     * Learns from a finished encode.
     * @param pixels of all its frames
     * @param seconds that it took
     * @param fileId a container, which says how many they are only when it is encoded
     */
    learn(preset: string, pixels: number, seconds: number, fileId: string | undefined): void {
        this.#db
            .prepare(
                `INSERT INTO encode_speeds (preset, pixels, seconds) VALUES (?, ?, ?)
                 ON CONFLICT (preset) DO UPDATE SET
                     pixels = pixels * ${KEPT_WEIGHT} + excluded.pixels,
                     seconds = seconds * ${KEPT_WEIGHT} + excluded.seconds`,
            )
            .run(preset, pixels, seconds);
        if (fileId === undefined) return;
        this.#db.prepare('UPDATE files SET pixels = ? WHERE id = ?').run(pixels, fileId);
    }

    /** All jobs that wait for a worker or have one, in no order. */
    pending(): PendingJob[] {
        const speeds = new Map(
            this.#db
                .prepare<[], { preset: string; speed: number }>(
                    'SELECT preset, pixels / seconds AS speed FROM encode_speeds WHERE seconds > 0',
                )
                .all()
                .map(({ preset, speed }) => [preset, speed]),
        );
        return this.#db
            .prepare<[], Row>(
                `SELECT j.id, j.user_id, j.state, j.request_key, j.priority, u.served,
                        j.rowid AS number, j.retry_at, j.progress, j.options,
                        iif(j.raw IS NULL, f.pixels, j.pixels) AS pixels
                 FROM jobs AS j JOIN users AS u ON u.id = j.user_id
                 LEFT JOIN files AS f ON f.id = j.file_id
                 WHERE j.state IN ('queued', ${RUNNING})`,
            )
            .all()
            .map((row) => ({
                id: row.id,
                userId: row.user_id,
                state: row.state,
                requestKey: row.request_key,
                priority: row.priority,
                served: row.served,
                number: row.number,
                retryAt: row.retry_at ?? undefined,
                progress:
                    row.progress === null ? undefined : (JSON.parse(row.progress) as Progress),
                estimatedSeconds: estimate(row, speeds),
            }));
    }
}

function estimate(
    { options, pixels }: Row,
    speeds: ReadonlyMap<string, number>,
): number | undefined {
    const speed = speeds.get((JSON.parse(options) as EncodeOptions).preset);
    return speed === undefined || pixels === null ? undefined : pixels / speed;
}
