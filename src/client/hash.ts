/** The tree hash of a file (see protocol/file-id.ts), computed beside the main thread. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { packageFile } from '../package-file.js';
import { DIGEST_BYTES, fileIdFromLeaves, leafCount, leafDigest } from '../protocol/file-id.js';
import { LEAF_BYTES } from '../protocol/limits.js';
import { BLOCK_BYTES, CONTROL, CONTROL_BYTES } from './hash-task.js';
import type { HashTask } from './hash-task.js';
import { fileChanged, fileVersion, sameVersion } from './input-file.js';
import type { InputFile } from './input-file.js';

const MAX_THREADS = 4;
/** Below this size starting a thread costs more than it brings. */
const INLINE_BYTES = 16 * LEAF_BYTES;
const PROGRESS_INTERVAL_MS = 100;

export interface FileHash {
    /** The file id, 64 hex digits. */
    id: string;
    /** The digests of all leaves, 32 bytes each, in order. */
    digests: Uint8Array;
}

export interface HashOptions {
    signal?: AbortSignal | undefined;
    /** Bytes hashed so far; called at most every 100 ms. */
    onProgress?: (bytes: number) => void;
    /** Threads to use; by default as many as there are cores, 4 at most. */
    threads?: number;
    /** Where the thread's code is. Default: as it is compiled. */
    workerUrl?: URL;
}

/**
 * Hashes an open file.
 * @throws KvzError FILE_CHANGED when it was written to meanwhile; the signal's reason
 */
export async function hashFile(file: InputFile, options: HashOptions = {}): Promise<FileHash> {
    const { sizeBytes } = file.version;
    const digests =
        sizeBytes <= INLINE_BYTES && options.threads === undefined
            ? await hashInline(file, options)
            : await hashInThreads(file, options);
    if (!sameVersion(file.version, await fileVersion(file.handle))) throw fileChanged(file.path);
    return { id: fileIdFromLeaves(sizeBytes, digests), digests };
}

/** Reads exactly `length` bytes. @throws KvzError FILE_CHANGED when there are fewer */
export async function readExactly(
    file: InputFile,
    buffer: Uint8Array,
    length: number,
    offset: number,
): Promise<void> {
    for (let filled = 0; filled < length;) {
        const { bytesRead } = await file.handle.read(
            buffer,
            filled,
            length - filled,
            offset + filled,
        );
        if (bytesRead === 0) throw fileChanged(file.path);
        filled += bytesRead;
    }
}

async function hashInline(file: InputFile, options: HashOptions): Promise<Uint8Array> {
    const { sizeBytes } = file.version;
    const digests = new Uint8Array(leafCount(sizeBytes) * DIGEST_BYTES);
    const leaf = Buffer.allocUnsafe(Math.min(LEAF_BYTES, sizeBytes));
    for (let index = 0; index * LEAF_BYTES < sizeBytes; index++) {
        options.signal?.throwIfAborted();
        const offset = index * LEAF_BYTES;
        const length = Math.min(LEAF_BYTES, sizeBytes - offset);
        await readExactly(file, leaf, length, offset);
        digests.set(leafDigest(leaf.subarray(0, length)), index * DIGEST_BYTES);
    }
    return digests;
}

async function hashInThreads(file: InputFile, options: HashOptions): Promise<Uint8Array> {
    const { sizeBytes } = file.version;
    const task: HashTask = {
        fd: file.handle.fd,
        sizeBytes,
        digests: new SharedArrayBuffer(leafCount(sizeBytes) * DIGEST_BYTES),
        control: new SharedArrayBuffer(CONTROL_BYTES),
    };
    const counters = new Int32Array(task.control);
    const stop = (): void => void Atomics.store(counters, CONTROL.stop, 1);
    const blocks = Math.ceil(sizeBytes / BLOCK_BYTES);
    const threads = Math.min(
        blocks,
        options.threads ?? Math.max(1, Math.min(MAX_THREADS, availableParallelism())),
    );
    const timer = setInterval(() => {
        const done = Atomics.load(counters, CONTROL.doneBlocks) * BLOCK_BYTES;
        options.onProgress?.(Math.min(done, sizeBytes));
    }, PROGRESS_INTERVAL_MS);
    options.signal?.addEventListener('abort', stop);
    try {
        // All threads have ended before anybody closes the file that they read from.
        const outcomes = await Promise.allSettled(
            Array.from({ length: threads }, () => runThread(task, options, stop)),
        );
        options.signal?.throwIfAborted();
        for (const outcome of outcomes) {
            if (outcome.status === 'rejected') throw outcome.reason as Error;
        }
        if (Atomics.load(counters, CONTROL.short) === 1) throw fileChanged(file.path);
    } finally {
        clearInterval(timer);
        options.signal?.removeEventListener('abort', stop);
    }
    return new Uint8Array(task.digests);
}

async function runThread(task: HashTask, options: HashOptions, stop: () => void): Promise<void> {
    if (options.signal?.aborted) stop();
    const url = options.workerUrl ?? packageFile('dist/client/hash-worker.js');
    const worker = new Worker(url, { workerData: task });
    await new Promise<void>((resolve, reject) => {
        worker.once('error', (error) => {
            stop();
            reject(error);
        });
        worker.once('exit', () => resolve());
    });
}
