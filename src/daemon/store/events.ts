import type { JobEvent } from '../../protocol/messages.js';
import type { Db } from './database.js';

/** A job event and the user whom it is for. */
export interface StoredEvent {
    userId: number;
    event: JobEvent;
}

/**
 * The events of each user, numbered without gaps. Callers run inside a transaction that also holds
 * the change the event tells of, so neither is ever there without the other.
 */
export class Events {
    readonly #db: Db;

    constructor(db: Db) {
        this.#db = db;
    }

    append(userId: number, body: Omit<JobEvent, 'type' | 'seq'>, isProgress: boolean): StoredEvent {
        const seq = this.#db
            .prepare<[number], number>('UPDATE users SET seq = seq + 1 WHERE id = ? RETURNING seq')
            .pluck()
            .get(userId);
        if (seq === undefined) throw new Error(`no user ${userId}`);
        // A later state or progress makes earlier progress worthless.
        this.#db.prepare('DELETE FROM events WHERE job_id = ? AND is_progress = 1').run(body.jobId);
        const event: JobEvent = { type: 'job.event', seq, ...body };
        this.#db
            .prepare(
                `INSERT INTO events (user_id, seq, job_id, is_progress, body)
                 VALUES (?, ?, ?, ?, ?)`,
            )
            .run(userId, seq, body.jobId, isProgress ? 1 : 0, JSON.stringify(event));
        return { userId, event };
    }

    /** Forgets all but the last `kept` events of each user. */
    prune(kept: number): void {
        this.#db
            .transaction(() => {
                const users = this.#db
                    .prepare<[number, number], { id: number; pruned: number }>(
                        `UPDATE users SET pruned = seq - ? WHERE pruned < seq - ?
                         RETURNING id, pruned`,
                    )
                    .all(kept, kept);
                for (const { id, pruned } of users) {
                    this.#db
                        .prepare('DELETE FROM events WHERE user_id = ? AND seq <= ?')
                        .run(id, pruned);
                }
            })
            .immediate();
    }

    /** Whether events that came after `seq` have been forgotten. */
    hasForgotten(userId: number, seq: number): boolean {
        return (
            this.#db.prepare('SELECT 1 FROM users WHERE id = ? AND pruned > ?').get(userId, seq) !==
            undefined
        );
    }

    /** What a client missed that saw event `seq` last, in order. */
    after(userId: number, seq: number): JobEvent[] {
        return this.#db
            .prepare<[number, number], string>(
                'SELECT body FROM events WHERE user_id = ? AND seq > ? ORDER BY seq',
            )
            .pluck()
            .all(userId, seq)
            .map((body) => JSON.parse(body) as JobEvent);
    }
}
