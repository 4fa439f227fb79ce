/** `encode --dry-run`: what would be done. Reads the files for their ids, sends nothing of them. */
import { asKvzError, emitError } from '../../client/encode-batch.js';
import type { BatchFile, Failures, OnEvent } from '../../client/encode-batch.js';
import type { EncodeRequest, EncodeServices } from '../../client/encode-request.js';
import type { PlanEvent } from '../../client/events.js';
import { checkRequest } from '../../client/handshake.js';
import { identifyFile } from '../../client/identify-file.js';
import { openInput } from '../../client/input-file.js';
import { checkOutputFree } from '../../client/output-path.js';

async function planOf(
    file: BatchFile,
    request: EncodeRequest,
    services: EncodeServices,
    signal: AbortSignal,
): Promise<PlanEvent> {
    const input = await openInput(file.file, file);
    try {
        const hash = await identifyFile(input, services, () => undefined, signal);
        const { status, code, message, jobId, receivedBytes } = await checkRequest(
            services.session,
            input,
            hash.id,
            request,
        );
        const { sizeBytes } = input.version;
        return {
            event: 'plan',
            output: file.sink ? '-' : file.output,
            container: request.options.container ?? 'mkv',
            inputBytes: sizeBytes,
            sendBytes: status === 'approved' ? sizeBytes - (receivedBytes ?? 0) : 0,
            fileId: hash.id,
            status,
            ...(code === undefined ? {} : { code }),
            ...(message === undefined ? {} : { message }),
            ...(jobId === undefined ? {} : { jobId }),
        };
    } finally {
        await input.handle.close();
    }
}

/** Tells of each file what would happen to it; what is wrong with one is in `failures`. */
export async function dryRun(
    files: readonly BatchFile[],
    request: EncodeRequest,
    services: EncodeServices,
    options: { signal: AbortSignal; onEvent: OnEvent; failures: Failures },
): Promise<void> {
    const { signal, onEvent, failures } = options;
    for (const file of files) {
        try {
            signal.throwIfAborted();
            if (!file.sink) await checkOutputFree(file.output, request.force);
            onEvent(file, await planOf(file, request, services, signal));
        } catch (error) {
            signal.throwIfAborted();
            const failure = asKvzError(error);
            failures.set(file.index, failure);
            emitError(onEvent, file, failure);
        }
    }
}
