/** Several files in one command, over one connection. */
import PQueue from 'p-queue';
import { KvzError } from '../protocol/errors.js';
import { encodeFile } from './encode-file.js';
import type { EncodeRequest, EncodeServices } from './encode-request.js';
import type { EncodeEvent, FileRef } from './events.js';
import { openInput } from './input-file.js';
import { checkOutput } from './output-path.js';
import type { JobUpdate } from './session.js';

/** Files that are under way at once: some encode on the daemon while others are on their way there. */
export const FILES_AT_ONCE = 10;

export interface BatchFile extends FileRef {
    /** Absolute path. */
    output: string;
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
            const input = await openInput(file.file);
            await input.handle.close();
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
    },
): Promise<void> {
    const underway = new PQueue({ concurrency: FILES_AT_ONCE });
    const encodeOne = async (file: BatchFile): Promise<void> => {
        const { signal, onEvent, failures } = options;
        const ref: FileRef = { index: file.index, file: file.file };
        try {
            if (signal.aborted) throw new KvzError('INTERRUPTED', 'interrupted');
            const input = await openInput(file.file);
            try {
                const emit = (event: EncodeEvent): void => onEvent(ref, event);
                const { output } = file;
                await encodeFile({ file: input, output, request, services, emit, signal });
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
