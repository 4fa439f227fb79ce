/**
 * Every error code of the contract, in one place: what it means, its HTTP status, and the exit
 * status of a command that ends with it. Decide by code, never by message text.
 */

/** Exit statuses of the command line. */
export const EXIT = {
    done: 0,
    internal: 1,
    usage: 2,
    rejected: 3,
    unreachable: 4,
    jobFailed: 5,
    jobCancelled: 6,
    /** As timeout(1) has it. */
    timedOut: 124,
    /** As shells have it: 128 and the number of SIGINT. */
    interrupted: 130,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

interface ErrorKind {
    /** HTTP status of an answer with this code. 400, 404, 415, 500 and 501 end a Resumable.js upload. */
    status: number;
    exit: ExitStatus;
    meaning: string;
}

const kinds = {
    BAD_MESSAGE: {
        status: 400,
        exit: EXIT.internal,
        meaning: 'the message does not fit its schema',
    },
    NOT_INITIALISED: { status: 400, exit: EXIT.internal, meaning: '`init` must come first' },
    HANDSHAKE_TIMEOUT: { status: 408, exit: EXIT.unreachable, meaning: 'no `init` in time' },
    PROTOCOL_MISMATCH: {
        status: 400,
        exit: EXIT.unreachable,
        meaning: 'client and daemon speak different versions of the protocol',
    },
    NOT_AUTHORISED: { status: 401, exit: EXIT.unreachable, meaning: 'no valid token' },
    FORBIDDEN: {
        status: 403,
        exit: EXIT.unreachable,
        meaning: "the token's role does not allow this",
    },
    FORBIDDEN_HOST: {
        status: 403,
        exit: EXIT.unreachable,
        meaning: 'the Host or Origin of the request is not allowed',
    },
    UNTRUSTED_SERVER: {
        status: 503,
        exit: EXIT.unreachable,
        meaning: "the daemon's certificate is not trusted",
    },
    UNREACHABLE: { status: 503, exit: EXIT.unreachable, meaning: 'no daemon answers' },
    SHUTTING_DOWN: {
        status: 503,
        exit: EXIT.unreachable,
        meaning: 'the daemon is stopping; connect again later',
    },
    TOO_SLOW: {
        status: 503,
        exit: EXIT.unreachable,
        meaning: 'the client reads its events, or moves a request, too slowly; connect again',
    },
    BAD_OPTIONS: {
        status: 400,
        exit: EXIT.rejected,
        meaning: 'an encoding option is not accepted',
    },
    FILE_EMPTY: { status: 400, exit: EXIT.rejected, meaning: 'the file is empty' },
    FILE_TOO_LARGE: {
        status: 413,
        exit: EXIT.rejected,
        meaning: 'the file is over the size limit',
    },
    RAW_SIZE_MISMATCH: {
        status: 400,
        exit: EXIT.rejected,
        meaning: 'raw video is not a whole number of frames of the given size',
    },
    DUPLICATE_REQUEST: {
        status: 409,
        exit: EXIT.rejected,
        meaning: 'the same user has made this very request before',
    },
    NOT_READY: {
        status: 503,
        exit: EXIT.rejected,
        meaning:
            'the daemon lacks something that it needs, such as a program (`kvz-cloud doctor` tells) or a queue that is its own',
    },
    NO_SPACE: { status: 503, exit: EXIT.rejected, meaning: 'the daemon has not enough disk space' },
    QUOTA_EXCEEDED: { status: 403, exit: EXIT.rejected, meaning: "over the user's quota" },
    TOO_MANY_UPLOADS: {
        status: 429,
        exit: EXIT.rejected,
        meaning: 'the user has too many uploads open',
    },
    UNKNOWN_TOKEN: {
        status: 404,
        exit: EXIT.rejected,
        meaning: 'there is no active token of this name',
    },
    TOKEN_EXISTS: {
        status: 409,
        exit: EXIT.rejected,
        meaning: 'there is an active token of this name already',
    },
    UNKNOWN_JOB: { status: 404, exit: EXIT.rejected, meaning: 'the user has no such job' },
    UNKNOWN_WORKER: {
        status: 404,
        exit: EXIT.internal,
        meaning: 'no worker has introduced itself with this id; say hello again',
    },
    WORKER_REFUSED: {
        status: 409,
        exit: EXIT.unreachable,
        meaning: 'this worker cannot take jobs of this daemon; the message says why',
    },
    UNKNOWN_CHALLENGE: {
        status: 404,
        exit: EXIT.rejected,
        meaning: 'no such challenge is open; ask again',
    },
    WRONG_STATE: {
        status: 409,
        exit: EXIT.rejected,
        meaning: "the job's state does not allow this",
    },
    RESULT_GONE: { status: 410, exit: EXIT.rejected, meaning: 'the result is no longer kept' },
    DOWNLOAD_LIMIT: {
        status: 403,
        exit: EXIT.rejected,
        meaning: 'the result has been downloaded as often as it may be',
    },
    DOWNLOAD_BUSY: {
        status: 503,
        exit: EXIT.rejected,
        meaning: 'all downloads that are left of the result are under way; ask again later',
    },
    BAD_RANGE: {
        status: 416,
        exit: EXIT.internal,
        meaning: 'the file has no such bytes',
    },
    CHANGED: {
        status: 412,
        exit: EXIT.internal,
        meaning: 'this is not the version of the file that the request names',
    },
    UNKNOWN_UPLOAD: {
        status: 404,
        exit: EXIT.rejected,
        meaning: 'no such upload has been approved, or it was cancelled or has expired',
    },
    UPLOAD_BAD_CHUNK: {
        status: 400,
        exit: EXIT.internal,
        meaning: "the chunk's number, offset or length does not fit the upload",
    },
    UPLOAD_BAD_TYPE: {
        status: 415,
        exit: EXIT.internal,
        meaning: 'a chunk is multipart/form-data or application/octet-stream',
    },
    UPLOAD_CORRUPT: {
        status: 503,
        exit: EXIT.unreachable,
        meaning: 'the chunk did not arrive as it was sent; send it again',
    },
    UPLOAD_INTERRUPTED: {
        status: 503,
        exit: EXIT.unreachable,
        meaning: 'the chunk did not arrive whole; send it again',
    },
    LOCAL_SOURCE_REFUSED: {
        status: 403,
        exit: EXIT.internal,
        meaning: 'the daemon does not read this file by itself; send its bytes',
    },
    FILE_MISMATCH: {
        status: 400,
        exit: EXIT.rejected,
        meaning: 'what arrived is not the file that was announced',
    },
    FILE_CHANGED: {
        status: 400,
        exit: EXIT.rejected,
        meaning: 'the file changed while it was being sent',
    },
    REJECTED: {
        status: 400,
        exit: EXIT.rejected,
        meaning: 'refused for a reason that this client does not know by its code',
    },
    NOT_FOUND: { status: 404, exit: EXIT.rejected, meaning: 'there is nothing at this address' },
    TOO_MANY_REQUESTS: {
        status: 503,
        exit: EXIT.unreachable,
        meaning: 'too many requests, or wrong tokens; try again a little later',
    },
    TOO_MANY_SOCKETS: {
        status: 503,
        exit: EXIT.unreachable,
        meaning: 'too many connections are open; try again when some have been closed',
    },
    INTERNAL: { status: 500, exit: EXIT.internal, meaning: 'a defect of the program; see its log' },
    USAGE: { status: 400, exit: EXIT.usage, meaning: 'the command line is wrong' },
    INPUT_UNREADABLE: { status: 400, exit: EXIT.usage, meaning: 'an input file cannot be read' },
    OUTPUT_EXISTS: {
        status: 409,
        exit: EXIT.usage,
        meaning: 'the output is there already, and --force was not given',
    },
    OUTPUT_UNWRITABLE: { status: 400, exit: EXIT.usage, meaning: 'the output cannot be written' },
    JOB_FAILED: { status: 409, exit: EXIT.jobFailed, meaning: 'the job failed' },
    JOB_CANCELLED: { status: 409, exit: EXIT.jobCancelled, meaning: 'the job was cancelled' },
    JOB_EXPIRED: {
        status: 410,
        exit: EXIT.rejected,
        meaning: 'the upload went silent, or the result was kept for its time',
    },
    INTERRUPTED: {
        status: 503,
        exit: EXIT.interrupted,
        meaning: 'the user interrupted the command',
    },
    TIMED_OUT: {
        status: 503,
        exit: EXIT.timedOut,
        meaning: 'the command was not done within its `--timeout`; its jobs go on',
    },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof kinds;

export const ERRORS: Readonly<Record<ErrorCode, ErrorKind>> = kinds;

export function isErrorCode(code: string): code is ErrorCode {
    return Object.hasOwn(ERRORS, code);
}

/** A failure that is part of the contract. The message is one line, meant for the user. */
export class KvzError extends Error {
    override readonly name = 'KvzError';
    readonly code: ErrorCode;
    /** The job that it is about, where there is one. */
    readonly jobId: string | undefined;

    constructor(
        code: ErrorCode,
        message: string,
        options: { jobId?: string; cause?: unknown } = {},
    ) {
        super(message, { cause: options.cause });
        this.code = code;
        this.jobId = options.jobId;
    }

    get status(): number {
        return ERRORS[this.code].status;
    }

    get exit(): ExitStatus {
        return ERRORS[this.code].exit;
    }
}
