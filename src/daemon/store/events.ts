/** Rows of events: numbered for each user, replayed to those who were away. */
import type { JobEvent } from '../../protocol/messages.js';
import type { Db } from './database.js';
import { RUNNING } from './job-sets.js';

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

    append(userId: number, body: Omit<JobEvent, 'type' | 'seq'>): StoredEvent {
        const seq = this.nextSeq(userId);
        const event: JobEvent = { type: 'job.event', seq, ...body };
        this.#db
            .prepare('INSERT INTO events (user_id, seq, job_id, body) VALUES (?, ?, ?, ?)')
            .run(userId, seq, body.jobId, JSON.stringify(event));
        return { userId, event };
    }

    /** Takes the number of the user's next event. */
    nextSeq(userId: number): number {
        const seq = this.#db
            .prepare<[number], number>('UPDATE users SET seq = seq + 1 WHERE id = ? RETURNING seq')
            .pluck()
            .get(userId);
        if (seq === undefined) throw new Error(`no user ${userId}`);
        return seq;
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

    /**
     * What a client missed that saw event `seq` last, in order. Progress is not written as an event:
     * of each running job its latest is told, from the job itself, in the place of its number.
     */
    after(userId: number, seq: number): JobEvent[] {
        return this.#db
            .prepare<{ userId: number; seq: number }, string>(
                `SELECT body, seq FROM events WHERE user_id = @userId AND seq > @seq
                 UNION ALL
                 SELECT json_object('type', 'job.event', 'seq', progress_seq, 'jobId', id,
                                    'state', state, 'progress', json(progress)), progress_seq
                 FROM jobs WHERE state IN (${RUNNING}) AND user_id = @userId
                             AND progress_seq > @seq
                 ORDER BY 2`,
            )
            .pluck()
            .all({ userId, seq })
            .map((body) => JSON.parse(body) as JobEvent);
    }
}
