/** An upload as a row of the database, and as the daemon sees it. */
import type { ResultNotice } from '../../protocol/worker-messages.js';

export type UploadState = 'open' | 'complete' | 'failed' | 'cancelled' | 'expired';

export interface Upload {
    id: string;
    userId: number;
    fileId: string;
    /** Bytes announced. */
    size: number;
    state: UploadState;
    /** Leaves that are here. */
    leaves: number;
    /** After an unclean stop, until what is on disk has been read again. */
    suspect: boolean;
    /** Milliseconds since the epoch. */
    createdAt: number;
    /** When something last came for it; milliseconds since the epoch. */
    touchedAt: number;
    /** Set where this is a worker's result and no user's file. */
    result: UploadedResult | undefined;
}

/** What a worker told of the result that it uploads. */
export type UploadedResult = Pick<ResultNotice, 'jobId' | 'attempt' | 'encoded'> & {
    /** Of all frames together. */
    pixels: number;
};

export interface UploadRow {
    id: string;
    user_id: number;
    file_id: string;
    size: number;
    state: UploadState;
    leaves: number;
    suspect: number;
    created_at: number;
    touched_at: number;
    result: string | null;
}

export const uploadFromRow = (row: UploadRow): Upload => ({
    id: row.id,
    userId: row.user_id,
    fileId: row.file_id,
    size: row.size,
    state: row.state,
    leaves: row.leaves,
    suspect: row.suspect === 1,
    createdAt: row.created_at,
    touchedAt: row.touched_at,
    result: row.result === null ? undefined : (JSON.parse(row.result) as UploadedResult),
});
