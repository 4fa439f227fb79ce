/** A job as a row of the database, and as the daemon sees it. */
import type { JobState } from '../../protocol/job-state.js';
import type { EncodeOptions, JobFailure, Progress, RawFormat } from '../../protocol/messages.js';

/** A job as the daemon sees it; times are milliseconds since the epoch. */
export interface JobRecord {
    id: string;
    userId: number;
    fileId: string;
    uploadId: string | undefined;
    resultId: string | undefined;
    name: string;
    /** Of the source, bytes. */
    size: number;
    raw: RawFormat | undefined;
    options: EncodeOptions;
    requestKey: string;
    priority: number;
    /** Of all frames of raw video; what a container has is kept with the file. */
    pixels: number | undefined;
    state: JobState;
    /** How often it was started; 0 before the first time. */
    attempt: number;
    progress: Progress | undefined;
    failure: JobFailure | undefined;
    createdAt: number;
    updatedAt: number;
    startedAt: number | undefined;
    finishedAt: number | undefined;
    /** A queued job that failed for a reason that may pass is tried again then. */
    retryAt: number | undefined;
    /** Automatic retries so far. */
    retries: number;
    /** Attempts that the daemon did not survive. */
    crashes: number;
    /** The worker on another machine that holds a running job; undefined: this daemon's own. */
    worker: string | undefined;
}

/** What is known of a job when it is made. */
export type NewJob = Pick<
    JobRecord,
    | 'userId'
    | 'fileId'
    | 'uploadId'
    | 'name'
    | 'size'
    | 'raw'
    | 'options'
    | 'requestKey'
    | 'priority'
> & { pixels?: number | undefined };

export interface JobRow {
    id: string;
    user_id: number;
    file_id: string;
    upload_id: string | null;
    result_id: string | null;
    name: string;
    size: number;
    raw: string | null;
    options: string;
    request_key: string;
    priority: number;
    pixels: number | null;
    state: JobState;
    attempt: number;
    progress: string | null;
    failure: string | null;
    created_at: number;
    updated_at: number;
    started_at: number | null;
    finished_at: number | null;
    retry_at: number | null;
    retries: number;
    crashes: number;
    worker: string | null;
}

export const jobFromRow = (row: JobRow): JobRecord => ({
    id: row.id,
    userId: row.user_id,
    fileId: row.file_id,
    uploadId: row.upload_id ?? undefined,
    resultId: row.result_id ?? undefined,
    name: row.name,
    size: row.size,
    raw: row.raw === null ? undefined : (JSON.parse(row.raw) as RawFormat),
    options: JSON.parse(row.options) as EncodeOptions,
    requestKey: row.request_key,
    priority: row.priority,
    pixels: row.pixels ?? undefined,
    state: row.state,
    attempt: row.attempt,
    progress: row.progress === null ? undefined : (JSON.parse(row.progress) as Progress),
    failure: row.failure === null ? undefined : (JSON.parse(row.failure) as JobFailure),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
    retryAt: row.retry_at ?? undefined,
    retries: row.retries,
    crashes: row.crashes,
    worker: row.worker ?? undefined,
});
