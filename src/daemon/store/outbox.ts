/** Rows of notifications that are to be delivered. */
import { newId } from '../ids.js';
import type { Job } from '../../protocol/messages.js';
import type { Db } from './database.js';

/** A notification that has not been delivered yet. */
export interface Notification {
    id: string;
    /** The address of a webhook, or {@link COMMAND}. */
    target: string;
    jobId: string;
    userId: number;
    /** JSON. */
    body: string;
    /** Tries that failed. */
    failures: number;
    /** Milliseconds since the epoch. */
    createdAt: number;
}

/** What a notification tells besides its type, id and time. */
export interface JobFacts {
    /** The user's name. */
    user: string;
    job: Job;
}

/** The target that stands for the operator's own program. */
export const COMMAND = 'command';

interface Row {
    id: string;
    target: string;
    job_id: string;
    user_id: number;
    body: string;
    failures: number;
    created_at: number;
}

const fromRow = (row: Row): Notification => ({
    id: row.id,
    target: row.target,
    jobId: row.job_id,
    userId: row.user_id,
    body: row.body,
    failures: row.failures,
    createdAt: row.created_at,
});

/**
 * Notifications on their way. They are written in the transaction in which their job ends and go
 * when they have been delivered, so each is delivered at least once, whatever happens in between.
 */
export class Outbox {
    readonly #db: Db;
    #targets: readonly string[] = [];

    constructor(db: Db) {
        this.#db = db;
    }

    /** Says to whom notifications go from now on; those to others are dropped. */
    setTargets(targets: readonly string[]): void {
        this.#targets = targets;
        const drop = this.#db.prepare('DELETE FROM notifications WHERE target = ?');
        this.#db
            .prepare<[], string>('SELECT DISTINCT target FROM notifications')
            .pluck()
            .all()
            .filter((target) => !targets.includes(target))
            .forEach((target) => drop.run(target));
    }

    /** @param describe the job as it is now, which is asked for only where somebody wants them */
    add(job: { id: string; userId: number }, now: number, describe: () => Job): void {
        if (this.#targets.length === 0) return;
        const insert = this.#db.prepare(
            `INSERT INTO notifications (id, target, job_id, user_id, body, due_at, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?)`,
        );
        const user = this.#db
            .prepare<[number], string>('SELECT name FROM users WHERE id = ?')
            .pluck()
            .get(job.userId);
        const facts: JobFacts = { user: user ?? '', job: describe() };
        for (const target of this.#targets) {
            const id = newId();
            const body = JSON.stringify({
                ...{ type: 'job.ended', id, time: new Date(now).toISOString() },
                ...facts,
            });
            insert.run(id, target, job.id, job.userId, body, now, now);
        }
    }

    /** Those whose time has come, the oldest first, `limit` at most. */
    due(now: number, limit: number): Notification[] {
        return this.#db
            .prepare<[number, number], Row>(
                'SELECT * FROM notifications WHERE due_at <= ? ORDER BY due_at, created_at LIMIT ?',
            )
            .all(now, limit)
            .map(fromRow);
    }

    /** When the next one is due, ms since the epoch; undefined when there is none. */
    nextDueAt(): number | undefined {
        const next = this.#db
            .prepare<[], number | null>('SELECT min(due_at) FROM notifications')
            .pluck()
            .get();
        return next ?? undefined;
    }

    count(): number {
        return (
            this.#db.prepare<[], number>('SELECT count(*) FROM notifications').pluck().get() ?? 0
        );
    }

    /** Notes a try that failed, and when the next one comes. */
    postpone(id: string, dueAt: number): void {
        this.#db
            .prepare('UPDATE notifications SET failures = failures + 1, due_at = ? WHERE id = ?')
            .run(dueAt, id);
    }

    remove(id: string): void {
        this.#db.prepare('DELETE FROM notifications WHERE id = ?').run(id);
    }
}
