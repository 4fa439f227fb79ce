/** Looking for jobs: of a user, of an upload, of a result, by state. */
import { JOB_STATES, type JobState } from '../../protocol/job-state.js';
import type { Job, JobResult } from '../../protocol/messages.js';
import type { Db } from './database.js';
import { jobFromRow, type JobRecord, type JobRow } from './job-record.js';
import { inList } from './job-sets.js';
import { jobView, resultView } from './job-view.js';
import type { Results, StoredResult } from './results.js';

export interface JobFilter {
    /** By default all users'. */
    userId?: number;
    /** By default all. */
    states?: readonly JobState[];
    limit: number;
    /** Only jobs older than this one. */
    before?: string | undefined;
}

/** What can be asked about jobs. */
export class JobQueries {
    readonly #db: Db;
    readonly #results: Results;

    constructor(db: Db, results: Results) {
        this.#db = db;
        this.#results = results;
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

    /** How many jobs there are in each state; of one user or of all. */
    countByState(userId?: number): Partial<Record<JobState, number>> {
        // All states are named so that nothing but the index of states is read.
        const [condition, values] =
            userId === undefined
                ? ['', []]
                : [`WHERE state IN (${inList(JOB_STATES)}) AND user_id = ?`, [userId]];
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
