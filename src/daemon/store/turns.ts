/** The order of the queue. */
import type { Ticket } from '../../worker/ticket.js';
import type { Db } from './database.js';
import type { Events, StoredEvent } from './events.js';
import type { JobRecord } from './job-record.js';
import { RUNNING } from './job-sets.js';
import type { Jobs } from './jobs.js';

/** Whose turn it is: the order of queued jobs, and handing them to workers. */
export class Turns {
    readonly #db: Db;
    readonly #events: Events;
    readonly #jobs: Jobs;

    constructor(db: Db, events: Events, jobs: Jobs) {
        this.#db = db;
        this.#events = events;
        this.#jobs = jobs;
    }

    /**
     * Jobs that may be started now, in this order: the highest priority first, then the user with
     * the fewest jobs running, of these the one who was served longest ago, then the oldest job. A
     * request that is being encoded for somebody already waits for that result.
     * {@link forecast} goes by the same rules.
     */
    startable(limit: number, now: number): Ticket[] {
        return this.#db
            .prepare<{ now: number; limit: number }, Ticket>(
                // Many may wait: of each user only the first are read, and users are found by
                // going from one to the next in the index. Few run: they are looked up once.
                `WITH RECURSIVE running AS MATERIALIZED (
                     SELECT user_id, request_key FROM jobs WHERE state IN (${RUNNING})),
                 waiting (user_id) AS (
                     SELECT min(user_id) FROM jobs WHERE state = 'queued'
                     UNION ALL
                     SELECT (SELECT min(user_id) FROM jobs
                             WHERE state = 'queued' AND user_id > waiting.user_id)
                     FROM waiting WHERE waiting.user_id IS NOT NULL)
                 SELECT j.id AS jobId, j.attempt, j.priority
                 FROM waiting AS w JOIN users AS u ON u.id = w.user_id
                 JOIN jobs AS j ON j.rowid IN (
                     SELECT rowid FROM jobs WHERE state = 'queued' AND user_id = w.user_id
                       AND (retry_at IS NULL OR retry_at <= @now)
                       AND request_key NOT IN (SELECT request_key FROM running)
                     ORDER BY priority DESC, rowid LIMIT @limit)
                 ORDER BY j.priority DESC,
                          (SELECT count(*) FROM running AS r WHERE r.user_id = w.user_id),
                          u.served, j.rowid
                 LIMIT @limit`,
            )
            .all({ now, limit });
    }

    /** Hands the next job to this daemon's worker. */
    claim(now: number): [JobRecord, StoredEvent] | undefined {
        return this.#db
            .transaction(() => {
                const [next] = this.startable(1, now);
                return next && this.#start(next, now);
            })
            .immediate();
    }

    /** The earliest time after `now` at which a job is to be tried again; ms since the epoch. */
    nextRetry(now: number): number | undefined {
        return (
            this.#db
                .prepare<[number], number | null>(
                    `SELECT min(retry_at) FROM jobs WHERE state = 'queued' AND retry_at > ?`,
                )
                .pluck()
                .get(now) ?? undefined
        );
    }

    /** Lets a job that is to be tried again later be tried now; nothing happens to any other. */
    retryNow(id: string, now: number): StoredEvent | undefined {
        return this.#db
            .transaction(() => {
                const userId = this.#db
                    .prepare<[number, string], number>(
                        `UPDATE jobs SET retry_at = NULL, updated_at = ?
                         WHERE id = ? AND state = 'queued' AND retry_at IS NOT NULL
                         RETURNING user_id`,
                    )
                    .pluck()
                    .get(now, id);
                return userId === undefined
                    ? undefined
                    : this.#events.append(userId, { jobId: id, state: 'queued' });
            })
            .immediate();
    }

    /**
     * Hands the job of a ticket to a worker, unless it was cancelled or another has it meanwhile.
     * @param worker on another machine; undefined: this daemon's own
     */
    claimTicket(
        ticket: Pick<Ticket, 'jobId' | 'attempt'>,
        now: number,
        worker?: string,
    ): [JobRecord, StoredEvent] | undefined {
        return this.#db
            .transaction(() => {
                const job = this.#jobs.get(ticket.jobId);
                if (!job || job.attempt !== ticket.attempt) return undefined;
                if (job.retryAt !== undefined && job.retryAt > now) return undefined;
                const isTaken = this.#db
                    .prepare(`SELECT 1 FROM jobs WHERE request_key = ? AND state IN (${RUNNING})`)
                    .get(job.requestKey);
                return isTaken ? undefined : this.#start(ticket, now, worker);
            })
            .immediate();
    }

    #start(
        { jobId }: Pick<Ticket, 'jobId'>,
        now: number,
        worker?: string,
    ): [JobRecord, StoredEvent] | undefined {
        const started = this.#jobs.change(jobId, 'probing', now, { worker });
        if (!started) return undefined;
        this.#db
            .prepare('UPDATE users SET served = (SELECT max(served) + 1 FROM users) WHERE id = ?')
            .run(started[0].userId);
        return started;
    }

    /** @returns false when a worker has the job already, or it has ended */
    prioritise(id: string, priority: number): boolean {
        return (
            this.#db
                .prepare(
                    `UPDATE jobs SET priority = ?
                     WHERE id = ? AND state IN ('uploading', 'queued')`,
                )
                .run(priority, id).changes === 1
        );
    }
}
