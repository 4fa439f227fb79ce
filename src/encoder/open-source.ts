/** Finds out what the source is: from the whole file, or from its beginning while the rest comes. */
import { arrivedBytes, completeInput, wholeArrived } from './arrival.js';
import { EncodeError } from './errors.js';
import { readsFrontToBack } from './front-to-back.js';
import type { Arrival } from './job.js';
import { probeInput } from './probe.js';
import type { ProbeRequest } from './probe.js';
import type { SourceInfo } from './source-info.js';
import type { Supervisor } from './supervisor.js';

export interface OpenedSource {
    /** All that has to be known to decode it. */
    beginning: SourceInfo;
    /** What the whole file says, when it is here. It is the same as far as decoding goes. */
    whole: Promise<SourceInfo>;
    /** Whether the whole file is here. */
    isWhole: boolean;
}

/** The whole file is not what its beginning said, so what was decoded so far is worth nothing. */
export class BeginningMisledError extends EncodeError {
    constructor() {
        super('VERIFICATION_FAILED', 'the whole source is not what its beginning said');
    }
}

/**
 * @param note told how the source is read, for the job's log
 * @throws EncodeError as `probeInput()`; INPUT_LOST. `whole` may also end the job with
 * BeginningMisledError
 */
export async function openSource(
    supervisor: Supervisor,
    request: ProbeRequest,
    note: (line: string) => void,
): Promise<OpenedSource> {
    const { arrival } = request.input;
    const complete = { ...request, input: completeInput(request.input) };
    if (arrival && !arrival.isComplete) {
        const beginning = await probeBeginning(supervisor, request, arrival);
        if (beginning) {
            note('the source is decoded while it arrives');
            const whole = supervisor.alongside(
                probeWhole(supervisor, complete, arrival, beginning),
            );
            return { beginning, whole, isWhole: false };
        }
        note('the source cannot be decoded while it arrives; all of it is awaited');
        await wholeArrived(supervisor, arrival);
    }
    const source = await probeInput(supervisor, complete);
    return { beginning: source, whole: Promise.resolve(source), isWhole: true };
}

/** @returns undefined where the whole file is needed, be it to say what is wrong with it */
async function probeBeginning(
    supervisor: Supervisor,
    request: ProbeRequest,
    arrival: Arrival,
): Promise<SourceInfo | undefined> {
    const { input } = request;
    const read = async (offset: number, length: number): Promise<Buffer> =>
        arrivedBytes(supervisor, arrival, offset, length);
    if (input.kind === 'container' && !(await readsFrontToBack(read))) return undefined;
    try {
        return await probeInput(supervisor, request);
    } catch (error) {
        supervisor.throwIfStopped();
        // Of raw video no more can be known than its format and size.
        if (!(error instanceof EncodeError) || input.kind === 'raw') throw error;
        return undefined;
    }
}

async function probeWhole(
    supervisor: Supervisor,
    request: ProbeRequest,
    arrival: Arrival,
    beginning: SourceInfo,
): Promise<SourceInfo> {
    await wholeArrived(supervisor, arrival);
    const whole = await probeInput(supervisor, request);
    if (decodingFacts(whole) !== decodingFacts(beginning)) throw new BeginningMisledError();
    return whole;
}

/** What decoding and encoding go by, for comparison. */
function decodingFacts({ kind, format, startSeconds, runUpSeconds, video }: SourceInfo): string {
    // These are used when the whole file is here.
    const { frames: _, durationSeconds: __, language: ___, title: ____, ...decoded } = video;
    return JSON.stringify([kind, format, startSeconds, runUpSeconds, decoded]);
}
