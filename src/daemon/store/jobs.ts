import {
    canTransition,
    isEnd,
    JOB_STATES,
    RUNNING_STATES,
    statesBefore,
    type JobState,
} from '../../protocol/job-state.js';
import type { Job, JobFailure, JobResult, Progress } from '../../protocol/messages.js';
import type { Ticket } from '../../worker/ticket.js';
import { newId } from '../ids.js';
import type { Db } from './database.js';
import type { Events, StoredEvent } from './events.js';
import { jobFromRow, type JobRecord, type JobRow, type NewJob } from './job-record.js';
import { jobView, resultView } from './job-view.js';
import type { Outbox } from './outbox.js';
import type { Results, StoredResult } from './results.js';

const inList = (states: readonly JobState[]): string => states.map((s) => `'${s}'`).join(', ');
const RUNNING = inList(RUNNING_STATES);

export interface JobFilter {
    /** By default all users'. */
    userId?: number;
    /** By default all. */
    states?: readonly JobState[];
    limit: number;
    /** Only jobs older than this one. */
    before?: string | undefined;
}

/** What a transition changes besides the state. */
export interface TransitionPatch {
    failure?: JobFailure;
    resultId?: string;
    /** With `to` = queued: it failed, and is tried again by itself then (ms since the epoch). */
    retryAt?: number;
    /** With `to` = queued: the daemon died while a worker held the job. */
    crashed?: boolean;
    /** Starts the job's story afresh: earlier failure, result and times are forgotten. */
    reset?: boolean;
    /**
     * The attempt that wants the change. A worker whose job was given to another attempt meanwhile
     * changes nothing any more.
     */
    attempt?: number;
    /** With `probing`: who holds the job from now on. */
    worker?: string | undefined;
}

/**
 * Jobs and their way through the states. Every change of state is one conditional UPDATE together
 * with its event; whoever comes too late changes nothing and gets nothing.
 */
export class Jobs {
    readonly #db: Db;
    readonly #events: Events;
    readonly #results: Results;
    readonly #outbox: Outbox;

    constructor(db: Db, events: Events, results: Results, outbox: Outbox) {
        this.#db = db;
        this.#events = events;
        this.#results = results;
        this.#outbox = outbox;
    }

    get(id: string): JobRecord | undefined {
        const row = this.#db.prepare<[string], JobRow>('SELECT * FROM jobs WHERE id = ?').get(id);
        return row && jobFromRow(row);
    }

    /** A job of this user; somebody else's looks like one that is not there. */
    ofUser(userId: number, id: string): JobRecord | undefined {
        const job = this.get(id);
        return job?.userId === userId ? job : undefined;
    }

    /** Jobs, the newest first. */
    list({ userId, states = JOB_STATES, limit, before }: JobFilter): JobRecord[] {
        const anchor = before === undefined ? undefined : this.get(before);
        const known = anchor && (userId === undefined || anchor.userId === userId);
        const owner = userId === undefined ? '' : 'user_id = ? AND';
        const values = [
            known ? anchor.createdAt : Number.MAX_SAFE_INTEGER,
            known ? anchor.id : '',
            limit,
        ];
        return this.#db
            .prepare<unknown[], JobRow>(
                `SELECT * FROM jobs WHERE ${owner} (created_at, id) < (?, ?)
                 AND state IN (${inList(states)})
                 ORDER BY created_at DESC, id DESC LIMIT ?`,
            )
            .all(...(userId === undefined ? values : [userId, ...values]))
            .map(jobFromRow);
    }

    /** The user's jobs that ended last, the latest first. */
    lastEnded(userId: number, limit: number): JobRecord[] {
        return this.#db
            .prepare<[number, number], JobRow>(
                `SELECT * FROM jobs WHERE user_id = ? AND finished_at IS NOT NULL
                 ORDER BY finished_at DESC LIMIT ?`,
            )
            .all(userId, limit)
            .map(jobFromRow);
    }

    withResult(resultId: string): JobRecord[] {
        return this.#db
            .prepare<[string], JobRow>('SELECT * FROM jobs WHERE result_id = ?')
            .all(resultId)
            .map(jobFromRow);
    }

    /** Ends the reference of all jobs to a result. */
    detachResult(resultId: string): void {
        this.#db.prepare('UPDATE jobs SET result_id = NULL WHERE result_id = ?').run(resultId);
    }

    /** How many jobs there are in each state; of one user or of all. */
    countByState(userId?: number): Partial<Record<JobState, number>> {
        const [condition, values] =
            userId === undefined ? ['', []] : ['WHERE user_id = ?', [userId]];
        const rows = this.#db
            .prepare<number[], { state: JobState; count: number }>(
                `SELECT state, count(*) AS count FROM jobs ${condition} GROUP BY state`,
            )
            .all(...values);
        return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
    }

    /** Queued jobs of all users. */
    countQueued(): number {
        return (
            this.#db
                .prepare<[], number>(`SELECT count(*) FROM jobs WHERE state = 'queued'`)
                .pluck()
                .get() ?? 0
        );
    }

    /** The user's job that a repeated request is answered with, if there is one. */
    findSameRequest(userId: number, requestKey: string): JobRecord | undefined {
        const row = this.#db
            .prepare<[number, string], JobRow>(
                `SELECT * FROM jobs WHERE user_id = ? AND request_key = ?
                 AND state NOT IN ('failed', 'cancelled', 'expired')`,
            )
            .get(userId, requestKey);
        return row && jobFromRow(row);
    }

    ofUpload(uploadId: string, state: JobState): JobRecord[] {
        return this.#db
            .prepare<[string, JobState], JobRow>(
                'SELECT * FROM jobs WHERE upload_id = ? AND state = ?',
            )
            .all(uploadId, state)
            .map(jobFromRow);
    }

    inStates(states: readonly JobState[]): JobRecord[] {
        return this.#db
            .prepare<[], JobRow>(`SELECT * FROM jobs WHERE state IN (${inList(states)})`)
            .all()
            .map(jobFromRow);
    }

    /** Queued jobs that ask for just this. */
    queuedWithKey(requestKey: string): JobRecord[] {
        return this.#db
            .prepare<[string], JobRow>(
                `SELECT * FROM jobs WHERE request_key = ? AND state = 'queued'`,
            )
            .all(requestKey)
            .map(jobFromRow);
    }

    /** Writes a new job with its first event. */
    create(job: NewJob, state: 'uploading' | 'queued', now: number): [JobRecord, StoredEvent] {
        const id = newId();
        this.#db
            .prepare(
                `INSERT INTO jobs (id, user_id, file_id, upload_id, name, size, raw, options,
                                   request_key, priority, pixels, state, created_at, updated_at)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
            )
            .run(
                id,
                job.userId,
                job.fileId,
                job.uploadId ?? null,
                job.name,
                job.size,
                job.raw ? JSON.stringify(job.raw) : null,
                JSON.stringify(job.options),
                job.requestKey,
                job.priority,
                job.pixels ?? null,
                state,
                now,
                now,
            );
        const event = this.#events.append(job.userId, { jobId: id, state }, false);
        const record = this.get(id);
        if (!record) throw new Error('the job that was just written is not there');
        return [record, event];
    }

    /**
     * The one way to change a job's state. With `to` = ready a result must be named.
     * @param from the states it is expected in; by default all that lead to `to`
     * @returns the event, or undefined when the job was in none of them
     */
    transition(
        id: string,
        to: JobState,
        now: number,
        patch: TransitionPatch = {},
        from: readonly JobState[] = statesBefore(to),
    ): StoredEvent | undefined {
        const allowed = from.filter((state) => canTransition(state, to));
        if (allowed.length !== from.length) {
            throw new Error(`no job goes from ${from.join(' or ')} to ${to}`);
        }
        return this.#db
            .transaction(() => {
                if (patch.reset) {
                    this.#db
                        .prepare(
                            `UPDATE jobs SET failure = NULL, result_id = NULL, progress = NULL,
                                             started_at = NULL, finished_at = NULL,
                                             retries = 0, crashes = 0
                             WHERE id = ? AND state IN (${inList(allowed)})`,
                        )
                        .run(id);
                }
                const row = this.#db
                    .prepare<unknown[], JobRow>(
                        `UPDATE jobs SET state = ?, updated_at = ?,
                             failure = CASE WHEN ? THEN NULL ELSE coalesce(?, failure) END,
                             retry_at = ?, retries = retries + ?, crashes = crashes + ?,
                             result_id = coalesce(?, result_id),
                             started_at = CASE WHEN ? THEN ? ELSE started_at END,
                             finished_at = CASE WHEN ? THEN ? ELSE NULL END,
                             attempt = attempt + ?,
                             worker = CASE WHEN ? THEN ? WHEN ? THEN NULL ELSE worker END,
                             progress = CASE WHEN ? THEN NULL ELSE progress END
                         WHERE id = ? AND attempt = coalesce(?, attempt)
                           AND state IN (${inList(allowed)}) RETURNING *`,
                    )
                    .get(
                        to,
                        now,
                        // Why an earlier attempt failed is told until the next one.
                        to === 'probing' ? 1 : 0,
                        patch.failure ? JSON.stringify(patch.failure) : null,
                        patch.retryAt ?? null,
                        patch.retryAt === undefined ? 0 : 1,
                        patch.crashed ? 1 : 0,
                        patch.resultId ?? null,
                        to === 'probing' ? 1 : 0,
                        now,
                        isEnd(to) ? 1 : 0,
                        now,
                        to === 'probing' ? 1 : 0,
                        to === 'probing' ? 1 : 0,
                        patch.worker ?? null,
                        to === 'queued' ? 1 : 0,
                        to === 'queued' ? 1 : 0,
                        id,
                        patch.attempt ?? null,
                    );
                if (!row) return undefined;
                const job = jobFromRow(row);
                if (patch.resultId !== undefined) this.#results.touch(patch.resultId, now);
                // A result that expires is not the end of its job; that was when it became ready.
                if (isEnd(to) && (to !== 'expired' || job.resultId === undefined)) {
                    this.#outbox.add(job, now, () => this.view(job));
                }
                return this.#events.append(
                    job.userId,
                    {
                        jobId: id,
                        state: to,
                        ...(to === 'ready' && { result: this.result(job) }),
                        ...(patch.failure && { failure: patch.failure }),
                        ...(patch.retryAt !== undefined && {
                            retryAt: new Date(patch.retryAt).toISOString(),
                        }),
                    },
                    false,
                );
            })
            .immediate();
    }

    /**
     * Jobs that may be started now, in this order: the highest priority first, then the user with
     * the fewest jobs running, of these the one who was served longest ago, then the oldest job. A
     * request that is being encoded for somebody already waits for that result.
     * {@link forecast} goes by the same rules.
     */
    startable(limit: number, now: number): Ticket[] {
        return this.#db
            .prepare<[number, number], Ticket>(
                // Few jobs run and many may wait: the few are looked up once.
                `WITH running AS MATERIALIZED (
                     SELECT user_id, request_key FROM jobs WHERE state IN (${RUNNING}))
                 SELECT id AS jobId, attempt, priority FROM jobs AS j WHERE state = 'queued'
                   AND (retry_at IS NULL OR retry_at <= ?)
                   AND request_key NOT IN (SELECT request_key FROM running)
                 ORDER BY priority DESC,
                          (SELECT count(*) FROM running AS r WHERE r.user_id = j.user_id),
                          (SELECT served FROM users WHERE id = j.user_id),
                          created_at, id
                 LIMIT ?`,
            )
            .all(now, limit);
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
                    : this.#events.append(userId, { jobId: id, state: 'queued' }, false);
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
                const job = this.get(ticket.jobId);
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
        const event = this.transition(jobId, 'probing', now, { worker });
        const job = this.get(jobId);
        if (!event || !job) return undefined;
        this.#db
            .prepare('UPDATE users SET served = (SELECT max(served) + 1 FROM users) WHERE id = ?')
            .run(job.userId);
        return [job, event];
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

    /** Records progress of a running job; nothing happens when it is not running any more. */
    progress(id: string, attempt: number, progress: Progress): StoredEvent | undefined {
        return this.#db
            .transaction(() => {
                const row = this.#db
                    .prepare<[string, string, number], { user_id: number; state: JobState }>(
                        `UPDATE jobs SET progress = ? WHERE id = ? AND attempt = ?
                         AND state IN (${RUNNING}) RETURNING user_id, state`,
                    )
                    .get(JSON.stringify(progress), id, attempt);
                return (
                    row &&
                    this.#events.append(
                        row.user_id,
                        { jobId: id, state: row.state, progress },
                        true,
                    )
                );
            })
            .immediate();
    }

    /** Writes the result of a running job and makes it, and every queued job like it, ready. */
    finish(id: string, attempt: number, result: StoredResult, now: number): StoredEvent[] {
        return this.#db
            .transaction(() => {
                const job = this.get(id);
                if (job?.state !== 'packaging' || job.attempt !== attempt) return [];
                this.#results.add(result);
                const patch = { resultId: result.id };
                const waiting = this.queuedWithKey(job.requestKey).map((other) => other.id);
                return [id, ...waiting]
                    .map((each) => this.transition(each, 'ready', now, patch))
                    .filter((event) => event !== undefined);
            })
            .immediate();
    }

    /** Deletes a job that has ended, with its events. */
    remove(id: string): boolean {
        return this.#db
            .transaction(() => {
                const removed = this.#db
                    .prepare(
                        `DELETE FROM jobs WHERE id = ?
                         AND state IN ('ready', 'failed', 'cancelled', 'expired')`,
                    )
                    .run(id);
                if (removed.changes === 0) return false;
                this.#db.prepare('DELETE FROM events WHERE job_id = ?').run(id);
                return true;
            })
            .immediate();
    }

    /** What users are told of a job's result; undefined when it has none (any more). */
    result(job: JobRecord): JobResult | undefined {
        const stored = this.#stored(job);
        return stored && resultView(job, stored);
    }

    /** The job as its user sees it. */
    view(job: JobRecord): Job {
        return jobView(job, this.#stored(job));
    }

    #stored({ resultId }: JobRecord): StoredResult | undefined {
        return resultId === undefined ? undefined : this.#results.get(resultId);
    }
}
