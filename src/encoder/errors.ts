/**
 * Why an encode failed: a stable code for programs, one clear line for people, and what the
 * failing program said.
 */
import type { ProgramName } from './programs.js';

/**
 * Every code that {@link EncodeError} can carry, with what it means.
 * The codes are part of the interface: they are never renamed.
 */
export const ENCODE_ERROR_CODES = {
    INPUT_EMPTY: 'the input has no bytes',
    INPUT_NOT_MEDIA: 'the input is no video that is understood here',
    INPUT_NO_VIDEO: 'the input has no video stream',
    INPUT_NO_FRAMES: 'the input has a video stream without a single picture',
    INPUT_TRUNCATED: 'the input ends before what it declares',
    INPUT_DAMAGED: 'the input is damaged or cut off, and `strict` was asked for',
    INPUT_TOO_LONG: 'the input lasts longer than allowed',
    INPUT_TOO_LARGE: 'the picture is larger than allowed',
    INPUT_LOST: 'the rest of an input that was still on its way did not arrive',
    INPUT_LOSES_PRECISION: 'the source is deeper than 8 bits and `strict` was asked for',
    RAW_SIZE_MISMATCH: 'the raw file is no whole number of frames of the given size and format',
    RAW_FORMAT_UNKNOWN: 'the raw pixel format, size or rate is not usable',
    LOGO_UNUSABLE: 'the logo image cannot be read',
    PROGRAM_MISSING: 'a program is not installed or cannot be started',
    DECODER_FAILED: 'ffmpeg failed while decoding',
    ENCODER_FAILED: 'kvazaar failed',
    ENCODER_REJECTED_OPTIONS: 'kvazaar does not accept the options',
    PACKAGING_FAILED: 'the result could not be put into its container',
    VERIFICATION_FAILED: 'the result is not what was asked for',
    TIME_LIMIT: 'the job took longer than allowed',
    STALLED: 'no frame was finished for too long',
    OUTPUT_UNWRITABLE: 'the result cannot be put where it should go',
    RESULT_TOO_LARGE: 'the result is larger than allowed',
    DISK_FULL: 'no space is left where the job writes',
    CANCELLED: 'the caller cancelled',
} as const;

export type EncodeErrorCode = keyof typeof ENCODE_ERROR_CODES;

/**
 * Codes of failures that may pass when the same job is tried again later, without any change to
 * the job or by its owner: the machine's fault, not the input's. A program that somebody else's
 * signal ended (SIGKILL for want of memory, mostly) may pass whatever the code; see
 * {@link EncodeError.transient}.
 */
export const TRANSIENT_CODES: ReadonlySet<EncodeErrorCode> = new Set<EncodeErrorCode>([
    'DISK_FULL',
    'INPUT_LOST',
    'STALLED',
]);

/** Signals that come from outside of a program, and do not tell that it or its input is bad. */
const FOREIGN_SIGNALS: ReadonlySet<NodeJS.Signals> = new Set<NodeJS.Signals>([
    ...(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const),
]);

export interface EncodeErrorDetails {
    /** The program that failed. */
    program?: ProgramName | undefined;
    /** Its exit code; undefined when a signal ended it or it never ran. */
    exitCode?: number | undefined;
    /** The signal that ended it. */
    signal?: NodeJS.Signals | undefined;
    /**
     * The last lines that it wrote to stderr (kvazaar: usage errors on stdout, too). Paths of the
     * job are told by what they are: `<source>`, `<work>`, `<logo>`, `<output>`.
     */
    stderrTail?: string | undefined;
    /** What the user can do about it, one sentence. */
    hint?: string | undefined;
    cause?: unknown;
}

/** An expected failure of an encode. Anything else that `encode()` throws is a bug. */
export class EncodeError extends Error {
    override readonly name = 'EncodeError';
    readonly code: EncodeErrorCode;
    readonly program: ProgramName | undefined;
    readonly exitCode: number | undefined;
    readonly signal: NodeJS.Signals | undefined;
    readonly stderrTail: string | undefined;
    readonly hint: string | undefined;
    /** Whether the same job may succeed when tried again later. */
    readonly transient: boolean;

    constructor(code: EncodeErrorCode, message: string, details: EncodeErrorDetails = {}) {
        super(message, details.cause === undefined ? undefined : { cause: details.cause });
        this.code = code;
        this.program = details.program;
        this.exitCode = details.exitCode;
        this.signal = details.signal;
        this.stderrTail = details.stderrTail;
        this.hint = details.hint;
        this.transient =
            TRANSIENT_CODES.has(code) ||
            (details.signal !== undefined && FOREIGN_SIGNALS.has(details.signal));
    }
}
