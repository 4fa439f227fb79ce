/** What is done after something went wrong with a file. The one place that decides it. */
import { systemCode } from '../../client/wire-error.js';
import type { ErrorCode, KvzError } from '../../protocol/errors.js';
import type { JobFailure } from '../../protocol/messages.js';

export type Verdict =
    /** The whole watch cannot go on. */
    | 'end'
    /** The file is another one now: it must rest again. */
    | 'look-again'
    /** Results cannot be written: wait until they can. */
    | 'hold'
    /** It may pass: try again, for ever. */
    | 'retry'
    /** It may pass, or be a defect that does not: try again a few times. */
    | 'retry-some'
    /** It cannot pass. */
    | 'give-up';

/** How often what may be a defect is tried, the first time included. */
export const SOME_ATTEMPTS = 4;

const BY_CODE: Partial<Record<ErrorCode, Verdict>> = {
    NOT_AUTHORISED: 'end',
    PROTOCOL_MISMATCH: 'end',
    FORBIDDEN_HOST: 'end',
    BAD_OPTIONS: 'end',
    USAGE: 'end',
    INTERRUPTED: 'end',
    TIMED_OUT: 'end',
    FILE_CHANGED: 'look-again',
    OUTPUT_EXISTS: 'retry',
    OUTPUT_UNWRITABLE: 'hold',
    QUOTA_EXCEEDED: 'retry',
    JOB_EXPIRED: 'retry-some',
    RESULT_GONE: 'retry-some',
    UNKNOWN_UPLOAD: 'retry-some',
    UNKNOWN_CHALLENGE: 'retry-some',
    UNKNOWN_JOB: 'retry-some',
    WRONG_STATE: 'retry-some',
    BAD_MESSAGE: 'retry-some',
    INPUT_UNREADABLE: 'retry-some',
    INTERNAL: 'retry-some',
};

/** Statuses of HTTP by which the catalogue says that the same may succeed later. */
const PASSING_STATUS: ReadonlySet<number> = new Set([408, 429, 503]);

/** Codes that neither table nor status lets pass are about the file, and stay. */
export function verdictOn(error: KvzError): Verdict {
    if (error.code === 'JOB_FAILED') {
        const failure = error.cause as JobFailure | undefined;
        return failure?.transient === true ? 'retry-some' : 'give-up';
    }
    if (systemCode(error) === 'ENAMETOOLONG') return 'give-up';
    return BY_CODE[error.code] ?? (PASSING_STATUS.has(error.status) ? 'retry' : 'give-up');
}
