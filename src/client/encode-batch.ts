/** Several files in one command, over one connection. */
import PQueue from 'p-queue';
import { KvzError } from '../protocol/errors.js';
import { abortError } from './abort-error.js';
import { BatchControl } from './batch-control.js';
import { encodeFile } from './encode-file.js';
import type { EncodeRequest, EncodeServices } from './encode-request.js';
import type { EncodeEvent, FileRef } from './events.js';
import { openInput } from './input-file.js';
import { checkOutput, makeOutputFolder } from './output-path.js';
import type { JobUpdate } from './job-listeners.js';

/** Files that are under way at once: some encode on the daemon while others are on their way there. */
const FILES_AT_ONCE = 10;
const MAX_FILES_AT_ONCE = 64;

/** How many files to have under way at once, so that all of the daemon's workers are busy. */
export function filesAtOnce({ session }: EncodeServices): number {
    const wanted = Math.max(FILES_AT_ONCE, 2 * session.info.workers);
    return Math.min(MAX_FILES_AT_ONCE, wanted);
}

export interface BatchFile extends FileRef {
    /** Where its bytes are, when that is not `file`. */
    path?: string | undefined;
    /** What the daemon is told that it is called, when that is not the name of `file`. */
    name?: string | undefined;
    /** Absolute path. */
    output: string;
    /** Make the folder of the output where it is missing. */
    makeFolder?: boolean;
    /** Takes the result on from `output`, which is then a temporary file. */
    sink?: (path: string) => Promise<void>;
}

export type OnEvent = (ref: FileRef, event: EncodeEvent) => void;

/** What was wrong with each file, by its index; those that went well are not in it. */
export type Failures = Map<number, KvzError>;

export function asKvzError(error: unknown): KvzError {
    if (error instanceof KvzError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new KvzError('INTERNAL', message, { cause: error });
}

export function emitError(onEvent: OnEvent, ref: FileRef, error: KvzError): void {
    const { code, message, jobId } = error;
    const failure = error.cause as JobUpdate['failure'] | undefined;
    onEvent(ref, {
        event: 'error',
        code,
        message,
        ...(jobId === undefined ? {} : { jobId }),
        ...(code === 'JOB_FAILED' && failure ? { failure } : {}),
    });
}

/**
 * Looks at inputs and outputs before anything else is done.
 * @returns the files that can be encoded; what is wrong with the others is in `failures`
 */
export async function checkFiles(
    files: readonly BatchFile[],
    force: boolean,
    failures: Failures,
): Promise<BatchFile[]> {
    const good: BatchFile[] = [];
    for (const file of files) {
        try {
            const input = await openInput(file.file, file);
            await input.handle.close();
            if (file.makeFolder) await makeOutputFolder(file.output);
            await checkOutput(file.output, force);
            good.push(file);
        } catch (error) {
            failures.set(file.index, asKvzError(error));
        }
    }
    return good;
}

/** Encodes the files, several at a time. Never throws: each failure is in `failures`. */
export async function encodeBatch(
    files: readonly BatchFile[],
    request: EncodeRequest,
    services: EncodeServices,
    options: {
        signal: AbortSignal;
        onEvent: OnEvent;
        failures: Failures;
        /** Steers single files while the batch runs. */
        control?: BatchControl;
    },
): Promise<void> {
    const { control = new BatchControl(), onEvent, failures } = options;
    const underway = new PQueue({ concurrency: filesAtOnce(services) });
    const encodeOne = async (file: BatchFile): Promise<void> => {
        const ref: FileRef = { index: file.index, file: file.file };
        const signal = control.signalFor(file.index, options.signal);
        try {
            if (options.signal.aborted) throw abortError(options.signal);
            signal.throwIfAborted();
            const input = await openInput(file.file, file);
            try {
                const emit = (event: EncodeEvent): void => onEvent(ref, event);
                const { output, sink } = file;
                const { detaching } = control;
                const task = { file: input, output, sink, request, services, emit };
                await encodeFile({ ...task, signal, detaching });
            } finally {
                await input.handle.close();
            }
        } catch (error) {
            failures.set(file.index, asKvzError(error));
            emitError(onEvent, ref, asKvzError(error));
        }
    };
    await Promise.all(files.map((file) => underway.add(() => encodeOne(file))));
}
