/** Rows of jobs, and the one way in which their state changes. */
import {
    canTransition,
    isEnd,
    isRunning,
    statesBefore,
    type JobState,
} from '../../protocol/job-state.js';
import type { JobEvent, JobFailure, Progress } from '../../protocol/messages.js';
import { newId } from '../ids.js';
import type { Db } from './database.js';
import type { Events, StoredEvent } from './events.js';
import { JobQueries } from './job-queries.js';
import { jobFromRow, type JobRecord, type JobRow, type NewJob } from './job-record.js';
import { inList, RUNNING } from './job-sets.js';
import type { Outbox } from './outbox.js';
import type { Results, StoredResult } from './results.js';

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
export class Jobs extends JobQueries {
    readonly #db: Db;
    readonly #events: Events;
    readonly #results: Results;
    readonly #outbox: Outbox;

    constructor(db: Db, events: Events, results: Results, outbox: Outbox) {
        super(db, results);
        this.#db = db;
        this.#events = events;
        this.#results = results;
        this.#outbox = outbox;
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
        const event = this.#events.append(job.userId, { jobId: id, state });
        const record = this.get(id);
        if (!record) throw new Error('the job that was just written is not there');
        return [record, event];
    }

    /**
     * The one way to change a job's state. With `to` = ready a result must be named.
     * @param from the states it is expected in; by default all that lead to `to`
     * @returns the event, or undefined when the job was in none of them
     */
    transition(...change: Parameters<Jobs['change']>): StoredEvent | undefined {
        return this.change(...change)?.[1];
    }

    /** A {@link transition}. @returns the job as it is then, and the event */
    change(
        id: string,
        to: JobState,
        now: number,
        patch: TransitionPatch = {},
        from: readonly JobState[] = statesBefore(to),
    ): [JobRecord, StoredEvent] | undefined {
        const allowed = from.filter((state) => canTransition(state, to));
        if (allowed.length !== from.length) {
            throw new Error(`no job goes from ${from.join(' or ')} to ${to}`);
        }
        return this.#db
            .transaction((): [JobRecord, StoredEvent] | undefined => {
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
                // Naming a column writes its index anew, so these are named only where they change.
                const indexed =
                    (isRunning(to) ? '' : ', finished_at = iif(@ends, @now, NULL)') +
                    (patch.resultId === undefined ? '' : ', result_id = @resultId');
                const row = this.#db
                    .prepare<[Record<string, string | number | null>], JobRow>(
                        // Why an earlier attempt failed is told until the next one.
                        `UPDATE jobs SET state = @to, updated_at = @now,
                             failure = iif(@starts, NULL, coalesce(@failure, failure)),
                             retry_at = @retryAt,
                             retries = retries + (@retryAt IS NOT NULL),
                             crashes = crashes + @crashed,
                             started_at = iif(@starts, @now, started_at),
                             attempt = attempt + @starts,
                             worker = CASE WHEN @starts THEN @worker
                                           WHEN @waits THEN NULL ELSE worker END,
                             progress = iif(@waits, NULL, progress), progress_seq = NULL
                             ${indexed}
                         WHERE id = @id AND attempt = coalesce(@attempt, attempt)
                           AND state IN (${inList(allowed)}) RETURNING *`,
                    )
                    .get({
                        id,
                        to,
                        now,
                        starts: to === 'probing' ? 1 : 0,
                        waits: to === 'queued' ? 1 : 0,
                        ends: isEnd(to) ? 1 : 0,
                        failure: patch.failure ? JSON.stringify(patch.failure) : null,
                        retryAt: patch.retryAt ?? null,
                        crashed: patch.crashed ? 1 : 0,
                        resultId: patch.resultId ?? null,
                        worker: patch.worker ?? null,
                        attempt: patch.attempt ?? null,
                    });
                if (!row) return undefined;
                const job = jobFromRow(row);
                if (patch.resultId !== undefined) this.#results.touch(patch.resultId, now);
                // A result that expires is not the end of its job; that was when it became ready.
                if (isEnd(to) && (to !== 'expired' || job.resultId === undefined)) {
                    this.#outbox.add(job, now, () => this.view(job));
                }
                const event = this.#events.append(job.userId, {
                    jobId: id,
                    state: to,
                    ...(to === 'ready' && { result: this.result(job) }),
                    ...(patch.failure && { failure: patch.failure }),
                    ...(patch.retryAt !== undefined && {
                        retryAt: new Date(patch.retryAt).toISOString(),
                    }),
                });
                return [job, event];
            })
            .immediate();
    }

    /** Records progress of a running job; nothing happens when it is not running any more. */
    progress(id: string, attempt: number, progress: Progress): StoredEvent | undefined {
        return this.#db
            .transaction(() => {
                const row = this.#db
                    .prepare<[string, string, number], { userId: number; state: JobState }>(
                        `UPDATE jobs SET progress = ?,
                             progress_seq = (SELECT seq + 1 FROM users WHERE users.id = user_id)
                         WHERE id = ? AND attempt = ? AND state IN (${RUNNING})
                         RETURNING user_id AS userId, state`,
                    )
                    .get(JSON.stringify(progress), id, attempt);
                if (!row) return undefined;
                const { userId, state } = row;
                const seq = this.#events.nextSeq(userId);
                const event: JobEvent = { type: 'job.event', seq, jobId: id, state, progress };
                return { userId, event };
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

    /** Ends the reference of all jobs to a result. */
    detachResult(resultId: string): void {
        this.#db.prepare('UPDATE jobs SET result_id = NULL WHERE result_id = ?').run(resultId);
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
}
