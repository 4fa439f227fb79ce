/** Fetches a result to its place: whole or not at all, and never over a file by accident. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { constants } from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { KvzError } from '../protocol/errors.js';
import type { JobResult } from '../protocol/messages.js';
import { backoffMs, retryAfterMs, sleep } from './backoff.js';
import { errorBody, readBody } from './http.js';
import type { HttpClient } from './http.js';
import { outputExists, outputUnwritable, partialPath } from './output-path.js';
import { DEFAULT_PATIENCE } from './patience.js';
import type { Patience } from './patience.js';
import { connectionReason, wireError } from './wire-error.js';

const RETRY = { firstMs: 500, maxMs: 20_000 };

export interface DownloadOptions {
    force: boolean;
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

/**
 * Downloads a result.
 * @throws KvzError OUTPUT_EXISTS, OUTPUT_UNWRITABLE, RESULT_GONE, DOWNLOAD_LIMIT, UNREACHABLE; the
 *     signal's reason
 */
export async function download(
    client: HttpClient,
    result: Pick<JobResult, 'url' | 'outputBytes'>,
    output: string,
    options: DownloadOptions,
): Promise<void> {
    const partial = partialPath(output);
    let handle: FileHandle;
    try {
        handle = await open(partial, constants.O_CREAT | constants.O_TRUNC | constants.O_WRONLY);
    } catch (error) {
        throw outputUnwritable(output, error);
    }
    try {
        try {
            await new Download(client, result, handle, output, options).run();
            await handle.sync().catch(() => undefined);
        } finally {
            await handle.close();
        }
        await putInPlace(partial, output, options.force);
    } finally {
        await rm(partial, { force: true });
    }
}

/** Gives a finished file its name; without `force` only where nothing has it. */
async function putInPlace(partial: string, output: string, force: boolean): Promise<void> {
    try {
        if (force) return await rename(partial, output);
        try {
            return await link(partial, output);
        } catch (error) {
            const { code } = error as NodeJS.ErrnoException;
            if (code === 'EEXIST') throw outputExists(output);
            // Some file systems have no hard links: take the name first, then replace it.
            const placeholder = await open(output, 'wx');
            await placeholder.close();
            return await rename(partial, output);
        }
    } catch (error) {
        if (error instanceof KvzError) throw error;
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw outputExists(output);
        throw outputUnwritable(output, error);
    }
}

class Download {
    readonly #client: HttpClient;
    readonly #result: Pick<JobResult, 'url' | 'outputBytes'>;
    readonly #handle: FileHandle;
    readonly #output: string;
    readonly #options: DownloadOptions;
    /** Says that all requests of this download are one, where the daemon counts them. */
    readonly #delivery = randomUUID();
    #offset = 0;
    #etag: string | undefined;
    #progressAtMs = Date.now();
    #failures = 0;

    constructor(
        client: HttpClient,
        result: Pick<JobResult, 'url' | 'outputBytes'>,
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
        if (status === 200) this.#offset = 0;
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

    async #ask(): Promise<IncomingMessage> {
        const resume = this.#offset > 0 && this.#etag !== undefined;
        if (!resume) this.#offset = 0;
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
