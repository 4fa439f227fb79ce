/** What the checks of a result have in common. */
import { EncodeError } from './errors.js';
import type { Container } from './job.js';
import type { ProcessExit } from './process.js';
import type { Programs } from './programs.js';
import type { StreamPlan } from './streams.js';
import type { Timeline } from './timestamps.js';

/** A result that is to be looked at. */
export interface ResultFile {
    programs: Programs;
    resultPath: string;
    container: Container;
    timeline: Pick<Timeline, 'ticks' | 'timeBase'>;
    workDir: string;
}

export interface VerifyRequest extends ResultFile {
    timeline: Timeline;
    /** What the result must have beside the video. */
    streams: StreamPlan;
    /** Whether every frame is decoded, not only the first and the last ones. */
    decodesAll: boolean;
}

export function verificationError(message: string, exit?: ProcessExit): EncodeError {
    return new EncodeError('VERIFICATION_FAILED', message, {
        program: exit?.program,
        exitCode: exit?.exitCode,
        signal: exit?.signal,
        stderrTail: exit?.tail,
        hint: 'Try again; if it happens again, please report it with the log of the job.',
    });
}

/** Our own files need no whitelist of formats, only the assurance that nothing else is opened. */
export const READ_ONLY_FILE = ['-protocol_whitelist', 'file,pipe'];

/** Times are compared in seconds: rounding of the coarsest container unit, 1 ms, is allowed. */
export const TIME_TOLERANCE_SECONDS = 0.000_6;
