/** The reader of a program's output went away before the program had written all of it. */
import { EncodeError } from './errors.js';
import type { ProcessExit } from './process.js';

/** kvazaar, the producers' reader, ended first: whatever happened, happened there. */
export class BrokenPipeError extends EncodeError {
    /** @param exit how the producer ended; undefined when it was not even started */
    constructor(exit?: ProcessExit) {
        super('DECODER_FAILED', 'ffmpeg lost the encoder it was writing to', {
            program: 'ffmpeg',
            exitCode: exit?.exitCode,
            signal: exit?.signal,
            stderrTail: exit?.tail,
        });
    }
}

/** Whether a producer ended because nobody reads it any more. */
export function isBrokenPipe({ signal, tail }: ProcessExit): boolean {
    return signal === 'SIGPIPE' || /Broken pipe|Connection reset/.test(tail);
}
