/** Brings one job through the encoder: from what the wire says of it to files on this machine. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import {
    DEFAULT_LIMITS,
    encode,
    findPrograms,
    type Arrival,
    type EncodeEvent,
    type EncodeResult,
    type JobInput,
    type Limits,
} from '../encoder/index.js';
import type { EncodeOptions, RawFormat } from '../protocol/messages.js';
import type { Encoded, JobLimits } from '../protocol/worker-messages.js';
import { encoderRawFormat, kvazaarOptions } from './wire-options.js';

export interface Execution {
    source: { path: string; arrival?: Arrival };
    /** Only of raw video. */
    raw: RawFormat | undefined;
    options: EncodeOptions;
    /** Does not exist yet and is gone at the end. */
    workDir: string;
    /** On the same file system as `workDir`; written only when the result is complete. */
    outputPath: string;
    /** See the encoder's. */
    threads: number | (() => number);
    niceness: number;
    limits: JobLimits;
    signal: AbortSignal;
    onEvent: (event: EncodeEvent) => void;
}

/** @throws EncodeError, MissingProgramError, the signal's reason; KvzError BAD_OPTIONS */
export async function execute(execution: Execution): Promise<EncodeResult> {
    const { source, raw, options, workDir, outputPath, limits } = execution;
    const { threads, niceness, signal, onEvent } = execution;
    const { logo, strict = false, deinterlace = false, verify = false } = options;
    const { path, arrival } = source;
    const input: JobInput = {
        path,
        ...(arrival && { arrival }),
        ...(raw ? { kind: 'raw', raw: encoderRawFormat(raw) } : { kind: 'container' }),
    };
    const logoPath = `${workDir}.logo`;
    await mkdir(workDir, { recursive: true, mode: 0o700 });
    try {
        if (logo.image !== undefined) {
            await writeFile(logoPath, Buffer.from(logo.image, 'base64'), { mode: 0o600 });
        }
        return await encode({
            programs: findPrograms(),
            input,
            container: options.container,
            outputPath,
            workDir,
            options: kvazaarOptions(options),
            logo: {
                enabled: logo.enabled,
                ...(logo.seconds !== undefined && { seconds: logo.seconds }),
                ...(logo.image !== undefined && { path: logoPath }),
            },
            strict,
            deinterlace,
            verify: verify ? 'all' : 'ends',
            niceness,
            threads,
            limits: encoderLimits(limits),
            signal,
            onEvent,
        });
    } finally {
        await rm(workDir, { recursive: true, force: true });
        await rm(logoPath, { force: true });
    }
}

/** From the wire's form of limits to the encoder's; what is not limited there is as usual. */
function encoderLimits(limits: JobLimits): Limits {
    const { durationSeconds, wallClockSeconds, stallSeconds, outputBytes } = limits;
    return {
        ...DEFAULT_LIMITS,
        ...(durationSeconds !== undefined && { durationSeconds }),
        ...(wallClockSeconds !== undefined && { wallClockMs: wallClockSeconds * 1000 }),
        ...(stallSeconds !== undefined && { stallMs: stallSeconds * 1000 }),
        ...(outputBytes !== undefined && { outputBytes }),
    };
}

/** What is told of a finished encode. */
export function encodedFacts(result: EncodeResult): Encoded {
    return {
        inputBytes: result.inputBytes,
        outputBytes: result.outputBytes,
        frames: result.frames,
        logoFrames: result.logoFrames,
        durationSeconds: result.durationSeconds,
        bitrateBps: result.bitrateBps,
        encodeSeconds: result.encodeSeconds,
        sourceWaitSeconds: result.sourceWaitSeconds,
        fps: result.encodeFps,
        ...(result.psnr && { psnr: result.psnr.y }),
        framesByType: result.framesByType,
        ...(result.worstPsnr && { worstPsnr: result.worstPsnr.y }),
        notes: result.notes,
    };
}

/**
 * Threads for one more job: the cores are shared by the jobs that run, or could at once.
 * @param cores that all jobs share
 * @param jobs that run or are about to, this one included
 */
export const threadShare = (cores: number, jobs: number): number =>
    Math.max(1, Math.ceil(cores / Math.max(1, jobs)));
