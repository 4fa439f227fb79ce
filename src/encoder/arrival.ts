/**
 * Sources that are still on their way while they are encoded. Programs read what has come from a
 * pipe, front to back; everything that seeks waits until the whole file is at the input's path.
 */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { EncodeError } from './errors.js';
import type { Arrival, JobInput } from './job.js';
import type { ProcessExit, ProcessSpec } from './process.js';
import type { Supervisor } from './supervisor.js';

/** The input as the complete file that it is, or will be. */
export function completeInput(input: JobInput): JobInput {
    const { arrival: _, ...complete } = input;
    return complete;
}

/** The input as it can be read now: what arrives of it, or the complete file. */
export function currentInput(complete: JobInput, arrival: Arrival | undefined): JobInput {
    return arrival && !arrival.isComplete ? { ...complete, arrival } : complete;
}

/** Waits until all of the input is here. @throws EncodeError INPUT_LOST, or why the job was stopped */
export async function wholeArrived(supervisor: Supervisor, arrival: Arrival): Promise<void> {
    await readArrived(supervisor, arrival, arrival.sizeBytes, supervisor.signal);
}

/** Up to `length` bytes of what arrives; fewer at its end. @throws as {@link wholeArrived} */
export async function arrivedBytes(
    supervisor: Supervisor,
    arrival: Arrival,
    offset: number,
    length: number,
): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    let missing = Math.min(length, arrival.sizeBytes - offset);
    for (let at = offset; missing > 0;) {
        const bytes = await readArrived(supervisor, arrival, at, supervisor.signal);
        parts.push(bytes.subarray(0, missing));
        missing -= bytes.length;
        at += bytes.length;
    }
    return Buffer.concat(parts);
}

export interface FedExit extends ProcessExit {
    /** How long there was nothing to give to the program, in seconds. */
    waitedSeconds: number;
}

/**
 * Runs a program that reads the input: the file, or what arrives of it on its stdin.
 * @throws EncodeError PROGRAM_MISSING, INPUT_LOST, or why the job was stopped
 */
export async function runOnInput(
    supervisor: Supervisor,
    { path, arrival }: JobInput,
    spec: Omit<ProcessSpec, 'stdin' | 'reads'>,
): Promise<FedExit> {
    if (!arrival) {
        const exit = await supervisor.run({ ...spec, reads: [path] });
        return { ...exit, waitedSeconds: 0 };
    }
    const running = await supervisor.start({ ...spec, stdin: 'pipe' });
    const ended = new AbortController();
    const signal = AbortSignal.any([supervisor.signal, ended.signal]);
    const feeding = running.stdin
        ? feed(supervisor, arrival, running.stdin, signal)
        : Promise.resolve(0);
    const fed = feeding.catch((error: unknown) => {
        // A program that has seen enough ends before its input does.
        if (error instanceof EncodeError && !ended.signal.aborted) supervisor.stop(error);
        return 0;
    });
    const exit = await running.exited;
    ended.abort();
    const waitedSeconds = await fed;
    supervisor.throwIfStopped();
    supervisor.touch();
    return { ...exit, waitedSeconds };
}

/** @returns for how many seconds there was nothing to write */
async function feed(
    supervisor: Supervisor,
    arrival: Arrival,
    into: Writable,
    signal: AbortSignal,
): Promise<number> {
    let waitedMs = 0;
    for (let offset = 0; ;) {
        const startMs = performance.now();
        const bytes = await readArrived(supervisor, arrival, offset, signal);
        waitedMs += performance.now() - startMs;
        if (bytes.length === 0) {
            into.end();
            return waitedMs / 1000;
        }
        offset += bytes.length;
        if (!into.write(bytes)) await once(into, 'drain', { signal });
    }
}

async function readArrived(
    supervisor: Supervisor,
    arrival: Arrival,
    offset: number,
    signal: AbortSignal,
): Promise<Uint8Array> {
    try {
        return await arrival.read(offset, signal);
    } catch (cause) {
        supervisor.throwIfStopped();
        throw new EncodeError('INPUT_LOST', 'the rest of the input did not arrive', { cause });
    }
}
