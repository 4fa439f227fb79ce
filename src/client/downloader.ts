/** Fetches a result to its place: whole or not at all, and never over a file by accident. */
import type { IncomingMessage } from 'node:http';
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { KvzError } from '../protocol/errors.js';
import type { JobResult } from '../protocol/messages.js';
import { backoffMs, retryAfterMs, sleep } from './backoff.js';
import { errorBody, readBody } from './http.js';
import type { HttpClient } from './http.js';
import { createPartial, outputExists, outputUnwritable } from './output-path.js';
import { DEFAULT_PATIENCE } from './patience.js';
import type { Patience } from './patience.js';
import { isErrno, renameToFree, syncFolder } from './place-file.js';
import { connectionReason, wireError } from './wire-error.js';

const RETRY = { firstMs: 500, maxMs: 20_000 };

export interface DownloadOptions {
    force: boolean;
    /** A partialPath of the output: where it is written until it is whole. */
    partial?: string | undefined;
    signal?: AbortSignal | undefined;
    /** Bytes written so far. */
    onProgress?: (bytes: number) => void;
    /** Receiving failed and is tried again (with the reason), or goes on (undefined). */
    onTrouble?: (error: Error | undefined) => void;
    retry?: { firstMs: number; maxMs: number };
    patience?: Patience;
}

/** A failure of the network or of the server that may pass. */
class TransientError extends Error {
    readonly retryAfterMs: number | undefined;

    constructor(message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
        super(message, { cause: options.cause });
        this.retryAfterMs = options.retryAfterMs;
    }
}

/** What is fetched, and what it must be when it is here. */
export type Fetched = Pick<JobResult, 'url' | 'outputBytes' | 'sha256'>;

/**
 * Downloads a result, unless the output is this very result already.
 * @returns whether anything was downloaded
 * @throws KvzError OUTPUT_EXISTS, OUTPUT_UNWRITABLE, RESULT_GONE, DOWNLOAD_LIMIT, UNREACHABLE; the
 *     signal's reason
 */
export async function download(
    client: HttpClient,
    result: Fetched,
    output: string,
    options: DownloadOptions,
): Promise<boolean> {
    const existing = await stat(output).catch(() => undefined);
    if (existing) {
        const same = existing.isFile() && existing.size === result.outputBytes;
        if (same && (await isResult(output, result, options.signal))) return false;
        if (!options.force) throw outputExists(output);
    }
    const { path: partial, handle } = await createPartial(output, options.partial);
    try {
        try {
            await new Download(client, result, handle, output, options).run();
            await flush(handle, output);
        } finally {
            await handle.close();
        }
        await putInPlace(partial, output, options.force);
        return true;
    } finally {
        await rm(partial, { force: true });
    }
}

/** Whether a file has the content that the daemon says its result has. */
async function isResult(path: string, { sha256 }: Fetched, signal?: AbortSignal): Promise<boolean> {
    if (sha256 === undefined) return false;
    const hash = createHash('sha256');
    try {
        await pipeline(createReadStream(path), hash, signal ? { signal } : {});
    } catch {
        signal?.throwIfAborted();
        return false;
    }
    return hash.digest('hex') === sha256;
}

/** Some disks tell only now that they are full. @throws KvzError OUTPUT_UNWRITABLE */
async function flush(handle: FileHandle, output: string): Promise<void> {
    try {
        await handle.sync();
    } catch (error) {
        // Some file systems cannot be asked.
        if (!isErrno(error, 'EINVAL', 'ENOTSUP', 'ENOSYS')) throw outputUnwritable(output, error);
    }
}

/** Gives a finished file its name; without `force` only where nothing has it. */
async function putInPlace(partial: string, output: string, force: boolean): Promise<void> {
    try {
        if (force) await rename(partial, output);
        else await renameToFree(partial, output);
        await syncFolder(dirname(output));
    } catch (error) {
        if (isErrno(error, 'EEXIST')) throw outputExists(output);
        throw outputUnwritable(output, error);
    }
}

class Download {
    readonly #client: HttpClient;
    readonly #result: Fetched;
    readonly #handle: FileHandle;
    readonly #output: string;
    readonly #options: DownloadOptions;
    /** Says that all requests of this download are one, where the daemon counts them. */
    readonly #delivery = randomUUID();
    #offset = 0;
    /** Of the bytes before the offset. */
    #hash = createHash('sha256');
    #etag: string | undefined;
    #progressAtMs = Date.now();
    #failures = 0;

    constructor(
        client: HttpClient,
        result: Fetched,
        handle: FileHandle,
        output: string,
        options: DownloadOptions,
    ) {
        this.#client = client;
        this.#result = result;
        this.#handle = handle;
        this.#output = output;
        this.#options = options;
    }

    async run(): Promise<void> {
        const { signal } = this.#options;
        while (this.#offset < this.#result.outputBytes) {
            signal?.throwIfAborted();
            try {
                await this.#receive();
                if (this.#offset < this.#result.outputBytes) {
                    throw new TransientError('the connection ended too early');
                }
                this.#checkDigest();
            } catch (error) {
                signal?.throwIfAborted();
                if (!(error instanceof TransientError)) throw error;
                await this.#waitAfter(error);
            }
        }
    }

    async #waitAfter(error: TransientError): Promise<void> {
        const { signal, patience = DEFAULT_PATIENCE, retry = RETRY } = this.#options;
        if (Date.now() - this.#progressAtMs > patience.giveUpMs) {
            throw new KvzError('UNREACHABLE', `the download makes no progress: ${error.message}`, {
                cause: error,
            });
        }
        this.#options.onTrouble?.(error);
        const delayMs = backoffMs(this.#failures++, retry);
        await sleep(Math.max(delayMs, Math.min(error.retryAfterMs ?? 0, 60_000)), signal);
    }

    async #receive(): Promise<void> {
        const response = await this.#ask();
        const status = response.statusCode ?? 0;
        if (status !== 200 && status !== 206) return this.#refused(status, response);
        // Anything but the rest that was asked for starts from the beginning.
        if (status === 200) this.#restart();
        else if (this.#rangeStart(response) !== this.#offset) {
            response.destroy();
            throw new TransientError('the server sent another part than was asked for');
        }
        this.#etag = response.headers.etag;
        this.#expectLength(response);
        try {
            for await (const part of response as AsyncIterable<Buffer>) await this.#write(part);
        } catch (error) {
            if (error instanceof KvzError) throw error;
            throw new TransientError(connectionReason(error), { cause: error });
        }
        return undefined;
    }

    #restart(): void {
        this.#offset = 0;
        this.#hash = createHash('sha256');
    }

    /** @throws TransientError when the whole file is not what the daemon has */
    #checkDigest(): void {
        const { sha256 } = this.#result;
        if (sha256 === undefined || this.#hash.digest('hex') === sha256) return;
        this.#restart();
        throw new TransientError('the result did not arrive as it was sent');
    }

    async #ask(): Promise<IncomingMessage> {
        const resume = this.#offset > 0 && this.#etag !== undefined;
        if (!resume) this.#restart();
        const request = this.#client.request(this.#result.url, {
            inactivityMs: (this.#options.patience ?? DEFAULT_PATIENCE).inactivityMs,
            signal: this.#options.signal,
            headers: {
                'kvz-delivery': this.#delivery,
                ...(resume && { range: `bytes=${this.#offset}-`, 'if-range': this.#etag ?? '' }),
            },
        });
        request.end();
        return new Promise((resolve, reject) => {
            request.on('response', resolve);
            request.on('error', (cause) =>
                reject(new TransientError(connectionReason(cause), { cause })),
            );
        });
    }

    #rangeStart(response: IncomingMessage): number {
        const match = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '');
        return match ? Number(match[1]) : Number.NaN;
    }

    #expectLength(response: IncomingMessage): void {
        const length = response.headers['content-length'];
        if (length === undefined) return;
        const total = this.#offset + Number(length);
        if (total !== this.#result.outputBytes) {
            response.destroy();
            throw new KvzError(
                'INTERNAL',
                `the result has ${total} bytes instead of ${this.#result.outputBytes}`,
            );
        }
    }

    async #write(part: Buffer): Promise<void> {
        if (this.#offset + part.length > this.#result.outputBytes) {
            throw new KvzError('INTERNAL', 'the result is longer than was announced');
        }
        for (let written = 0; written < part.length;) {
            try {
                const { bytesWritten } = await this.#handle.write(
                    part,
                    written,
                    part.length - written,
                    this.#offset,
                );
                this.#hash.update(part.subarray(written, written + bytesWritten));
                written += bytesWritten;
                this.#offset += bytesWritten;
            } catch (error) {
                throw outputUnwritable(this.#output, error);
            }
        }
        this.#progressAtMs = Date.now();
        if (this.#failures > 0) this.#options.onTrouble?.(undefined);
        this.#failures = 0;
        this.#options.onProgress?.(this.#offset);
    }

    async #refused(status: number, response: IncomingMessage): Promise<never> {
        const { code, message } = errorBody(status, await readBody(response));
        if (status >= 500 || status === 429 || status === 408) {
            const waitMs = retryAfterMs(response.headers['retry-after']);
            throw new TransientError(message, waitMs === undefined ? {} : { retryAfterMs: waitMs });
        }
        throw wireError(code || `HTTP ${status}`, message, { fallback: 'REJECTED' });
    }
}
