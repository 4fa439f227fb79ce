/** The worker's half of the conversation in protocol/worker-messages.ts. */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type * as z from 'zod';
import { backoffMs, retryAfterMs, sleep } from '../../backoff.js';
import { errorBody, readBody, type HttpClient } from '../../client/http.js';
import { ConnectionLostError, connectionReason, wireError } from '../../client/wire-error.js';
import { KvzError } from '../../protocol/errors.js';
import {
    assignmentSchema,
    resultPlaceSchema,
    MAX_WORKER_MESSAGE_BYTES,
    reportReplySchema,
    workerWelcomeSchema,
    type Assignment,
    type Claim,
    type ResultNotice,
    type ResultPlace,
    type ReportReply,
    type WorkerHello,
    type WorkerReport,
    type WorkerWelcome,
} from '../../protocol/worker-messages.js';
import type { JobFailure } from '../../protocol/messages.js';

const RETRY = { firstMs: 250, maxMs: 10_000 };
/** Silence after which a request counts as lost. */
const INACTIVITY_MS = 20_000;

export interface AttemptName {
    jobId: string;
    attempt: number;
}

export class DaemonLink {
    readonly #client: HttpClient;
    readonly #workerId: string;

    /** @param workerId names this process, also to a daemon that was restarted meanwhile */
    constructor(client: HttpClient, workerId: string) {
        this.#client = client;
        this.#workerId = workerId;
    }

    /** @throws KvzError WORKER_REFUSED, NOT_AUTHORISED; ConnectionLostError */
    async hello(hello: WorkerHello, signal: AbortSignal): Promise<WorkerWelcome> {
        return this.#ask(this.#path('hello'), hello, workerWelcomeSchema, signal);
    }

    /** @throws KvzError UNKNOWN_JOB when the job is not to be had; ConnectionLostError */
    async claim(claim: Claim, signal: AbortSignal): Promise<Assignment> {
        return this.#ask(this.#path('claim'), claim, assignmentSchema, signal);
    }

    /** @throws KvzError UNKNOWN_WORKER when the daemon has forgotten this worker */
    async report(report: WorkerReport, signal: AbortSignal): Promise<ReportReply> {
        return this.#ask(this.#path('report'), report, reportReplySchema, signal);
    }

    /** @throws KvzError UNKNOWN_JOB when the attempt is over */
    async announce(notice: ResultNotice, signal: AbortSignal): Promise<ResultPlace> {
        return this.#insist(
            async () => this.#ask(this.#path('result'), notice, resultPlaceSchema, signal),
            signal,
        );
    }

    /** Sends the statistics of the frames of a result that was announced, gzipped CSV. */
    async sendFrames(uploadId: string, csv: Buffer, signal: AbortSignal): Promise<void> {
        const path = `${this.#path('frames')}?upload=${encodeURIComponent(uploadId)}`;
        await this.#insist(async () => this.#post(path, csv, 'application/gzip', signal), signal);
    }

    /** Says that a result that was announced is in the shared folder. */
    async delivered(uploadId: string, signal: AbortSignal): Promise<void> {
        const body = { upload: uploadId };
        await this.#insist(async () => this.#tell(this.#path('delivered'), body, signal), signal);
    }

    async failed(name: AttemptName, failure: JobFailure, signal: AbortSignal): Promise<void> {
        const body = { ...name, failure };
        await this.#insist(async () => this.#tell(this.#path('failed'), body, signal), signal);
    }

    /** Gives a job back; once, as it comes back by itself when this is not heard. */
    async release(name: AttemptName, signal: AbortSignal): Promise<void> {
        await this.#tell(this.#path('release'), name, signal);
    }

    /** Says that the worker takes no more jobs and has none. */
    async goodbye(signal: AbortSignal): Promise<void> {
        await this.#tell(this.#path('goodbye'), {}, signal);
    }

    /**
     * A source from `offset` on; it tries until the daemon answers.
     * @throws KvzError UNKNOWN_JOB when the job is no longer this worker's
     */
    async source(path: string, offset: number, signal: AbortSignal): Promise<Readable> {
        return this.#insist(async () => this.#source(path, offset, signal), signal);
    }

    async #source(path: string, offset: number, signal: AbortSignal): Promise<Readable> {
        const response = await this.#send(path, signal, { range: `bytes=${offset}-` });
        const first = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1];
        const isRest = response.statusCode === 206 && Number(first) === offset;
        if (isRest || (response.statusCode === 200 && offset === 0)) return response;
        response.destroy();
        throw new ConnectionLostError('the daemon sent another part than was asked for');
    }

    #path(action: string): string {
        return `/worker/${encodeURIComponent(this.#workerId)}/${action}`;
    }

    /** Tries until the daemon has answered, whatever it says. */
    async #insist<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
        for (let failures = 0; ; failures += 1) {
            try {
                return await work();
            } catch (error) {
                signal.throwIfAborted();
                // A daemon that was restarted knows this worker again after its next report.
                const isForgotten = error instanceof KvzError && error.code === 'UNKNOWN_WORKER';
                if (!isForgotten && !(error instanceof ConnectionLostError)) throw error;
                await sleep(backoffMs(failures, RETRY), signal);
            }
        }
    }

    async #ask<S extends z.ZodType>(
        path: string,
        body: unknown,
        schema: S,
        signal: AbortSignal,
    ): Promise<z.infer<S>> {
        const text = await this.#post(path, JSON.stringify(body), 'application/json', signal);
        const parsed = schema.safeParse(JSON.parse(text));
        if (parsed.success) return parsed.data;
        throw new KvzError('BAD_MESSAGE', `the daemon's answer to ${path} is not understood`);
    }

    async #tell(path: string, body: unknown, signal: AbortSignal): Promise<void> {
        await this.#post(path, JSON.stringify(body), 'application/json', signal);
    }

    async #post(
        path: string,
        body: string | Buffer,
        contentType: string,
        signal: AbortSignal,
    ): Promise<string> {
        const headers = {
            'content-type': contentType,
            'content-length': Buffer.byteLength(body),
        };
        const response = await this.#send(path, signal, headers, body);
        try {
            return await readBody(response, MAX_WORKER_MESSAGE_BYTES);
        } catch (cause) {
            throw new ConnectionLostError(connectionReason(cause), { cause });
        }
    }

    /** @throws KvzError for a refusal, ConnectionLostError for what may pass */
    async #send(
        path: string,
        signal: AbortSignal,
        headers: Record<string, string | number>,
        body?: string | Buffer,
    ): Promise<IncomingMessage> {
        const request = this.#client.request(path, {
            method: body === undefined ? 'GET' : 'POST',
            headers,
            signal,
            inactivityMs: INACTIVITY_MS,
        });
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
            request.on('response', resolve);
            request.on('error', (cause) =>
                reject(new ConnectionLostError(connectionReason(cause), { cause })),
            );
            request.end(body);
        });
        const status = response.statusCode ?? 0;
        if (status === 200 || status === 206) return response;
        const { code, message } = errorBody(status, await readBody(response));
        if (status >= 500 || status === 429) {
            const waitMs = retryAfterMs(response.headers['retry-after']) ?? 0;
            await sleep(Math.min(waitMs, RETRY.maxMs), signal);
            throw new ConnectionLostError(message);
        }
        throw wireError(code || `HTTP ${status}`, message);
    }
}
