/** Receives a result into a file: goes on where a connection broke, and sees that all of it is right. */
import type { IncomingMessage } from 'node:http';
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { KvzError } from '../protocol/errors.js';
import type { JobResult } from '../protocol/messages.js';
import { backoffMs, retryAfterMs, sleep } from '../backoff.js';
import { errorBody, readBody } from './http.js';
import type { HttpClient } from './http.js';
import { hashFile } from './kept-part.js';
import { outputUnwritable } from './output-path.js';
import { DEFAULT_PATIENCE } from './patience.js';
import type { Patience } from './patience.js';
import { connectionReason, wireError } from './wire-error.js';

const RETRY = { firstMs: 500, maxMs: 20_000 };

export interface TransferOptions {
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

/** Whether it makes sense to ask again after an answer with this status. */
const mayPass = (status: number): boolean => status >= 500 || status === 429 || status === 408;

/** What is fetched, and what it must be when it is here. */
export type Fetched = Pick<JobResult, 'url' | 'outputBytes' | 'sha256'>;

export interface TransferParts {
    client: HttpClient;
    result: Fetched;
    handle: FileHandle;
    output: string;
    /** Says that all requests of this download are one, where the daemon counts them. */
    delivery: string;
}

/** One result on its way into a file, by as many requests as it takes. */
export class Transfer {
    readonly #client: HttpClient;
    readonly #result: Fetched;
    readonly #handle: FileHandle;
    readonly #output: string;
    readonly #options: TransferOptions;
    readonly #delivery: string;
    #offset = 0;
    /** Of the bytes before the offset. */
    #hash = createHash('sha256');
    #etag: string | undefined;
    #progressAtMs = Date.now();
    #failures = 0;

    constructor(parts: TransferParts, options: TransferOptions) {
        this.#client = parts.client;
        this.#result = parts.result;
        this.#handle = parts.handle;
        this.#output = parts.output;
        this.#delivery = parts.delivery;
        this.#options = options;
    }

    /** Bytes that are here. */
    get bytes(): number {
        return this.#offset;
    }

    /** Goes on behind what is in the file already. */
    async takeUp(): Promise<void> {
        const { outputBytes } = this.#result;
        this.#offset = await hashFile(this.#handle, this.#hash, this.#options.signal);
        const isWrong =
            this.#offset > outputBytes || (this.#offset === outputBytes && !this.#isWhole());
        if (isWrong) {
            this.#restart();
            await this.#handle.truncate(0);
        }
        this.#options.onProgress?.(this.#offset);
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

    #isWhole(): boolean {
        const { sha256 } = this.#result;
        return sha256 === undefined || this.#hash.digest('hex') === sha256;
    }

    /** @throws TransientError when the whole file is not what the daemon has */
    #checkDigest(): void {
        if (this.#isWhole()) return;
        this.#restart();
        throw new TransientError('the result did not arrive as it was sent');
    }

    async #ask(): Promise<IncomingMessage> {
        if (this.#offset > 0 && this.#etag === undefined) {
            const response = await this.#request('HEAD');
            const { headers, statusCode = 0 } = response.resume();
            if (mayPass(statusCode)) throw new TransientError(`HTTP ${statusCode}`);
            // Why it is refused, the next answer says.
            if (statusCode === 200) this.#etag = headers.etag;
        }
        const resume = this.#offset > 0 && this.#etag !== undefined;
        if (!resume) this.#restart();
        return this.#request('GET', {
            ...(resume && { range: `bytes=${this.#offset}-`, 'if-range': this.#etag ?? '' }),
        });
    }

    async #request(
        method: 'GET' | 'HEAD',
        headers: Record<string, string> = {},
    ): Promise<IncomingMessage> {
        const request = this.#client.request(this.#result.url, {
            method,
            inactivityMs: (this.#options.patience ?? DEFAULT_PATIENCE).inactivityMs,
            signal: this.#options.signal,
            headers: { 'kvz-delivery': this.#delivery, ...headers },
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
        if (mayPass(status)) {
            const waitMs = retryAfterMs(response.headers['retry-after']);
            throw new TransientError(message, waitMs === undefined ? {} : { retryAfterMs: waitMs });
        }
        throw wireError(code || `HTTP ${status}`, message, { fallback: 'REJECTED' });
    }
}
