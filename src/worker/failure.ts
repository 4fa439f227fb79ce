/** A failed encode as it is told to users. */
import { EncodeError, MissingProgramError } from '../encoder/index.js';
import type { JobFailure } from '../protocol/messages.js';

/** Lines of a failed program's output that a failure tells; the job's log has more. */
const TOLD_LINES = 8;

/** What is thrown by an encode, in the wire's form: INTERNAL for what is no failure of one. */
export function describeFailure(error: unknown): JobFailure {
    if (error instanceof EncodeError) {
        const { code, message, program, exitCode, signal, hint, transient } = error;
        const stderrTail = error.stderrTail?.split('\n').slice(-TOLD_LINES).join('\n');
        return {
            code,
            message,
            ...(program !== undefined && { program }),
            ...(exitCode !== undefined && { exitCode }),
            ...(signal !== undefined && { signal }),
            ...(stderrTail && { stderrTail }),
            ...(hint !== undefined && { hint }),
            ...(transient && { transient }),
        };
    }
    if (error instanceof MissingProgramError) {
        return { code: 'PROGRAM_MISSING', message: error.message };
    }
    return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}
