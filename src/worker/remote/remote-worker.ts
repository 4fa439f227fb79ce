/**
 * A worker on a machine of its own: takes tickets from Redis, asks the daemon for their jobs, and
 * reports on those that it holds until each has ended. It bears a daemon and a Redis that go away
 * and come back: what it encodes meanwhile goes on.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { backoffMs, sleep } from '../../backoff.js';
import type { HttpClient } from '../../client/http.js';
import { ConnectionLostError } from '../../client/wire-error.js';
import { KvzError } from '../../protocol/errors.js';
import type { WorkerHello, WorkerWelcome } from '../../protocol/worker-messages.js';
import { threadShare } from '../execute.js';
import type { Ticket } from '../ticket.js';
import { TicketTaker } from '../ticket-taker.js';
import { DaemonLink } from './daemon-link.js';
import { HeldJob, type HeldJobServices } from './held-job.js';
import type { SourceCache } from './source-cache.js';

const RETRY = { firstMs: 500, maxMs: 10_000 };
const GOODBYE_MS = 3_000;

export type WorkerEvent =
    | { type: 'joined' }
    | { type: 'away'; reason: string }
    | { type: 'redis'; reason: string }
    | { type: 'job'; jobId: string; attempt: number; state: 'taken' | 'left' };

export interface RemoteWorkerOptions {
    client: HttpClient;
    redis: Redis;
    /** Of the queue's keys in Redis. */
    prefix: string;
    hello: WorkerHello;
    cache: SourceCache;
    /** For results on their way; belongs to this process. */
    workDir: string;
    sharedDir: string | undefined;
    /** See the worker's options. */
    sharesResults: boolean;
    niceness: number;
    onEvent: (event: WorkerEvent) => void;
}

export class RemoteWorker {
    readonly #options: RemoteWorkerOptions;
    readonly #link: DaemonLink;
    readonly #jobs = new Set<HeldJob>();
    readonly #ending = new AbortController();
    #taker: TicketTaker | undefined;
    #welcome: WorkerWelcome | undefined;
    #isAway = true;
    #wake: () => void = () => undefined;

    constructor(options: RemoteWorkerOptions) {
        this.#options = options;
        this.#link = new DaemonLink(options.client, randomBytes(16).toString('hex'));
    }

    /**
     * Works until it is told to stop.
     * @param drain aborted: no new jobs, those that run end in good order
     * @param stop aborted: jobs that run are given back
     * @throws KvzError WORKER_REFUSED, NOT_AUTHORISED: the daemon does not want this worker
     */
    async run(drain: AbortSignal, stop: AbortSignal): Promise<void> {
        const { signal } = this.#ending;
        const giveBack = (): void => this.#endAll('stopping');
        stop.addEventListener('abort', giveBack, { once: true });
        try {
            await this.#join(AbortSignal.any([drain, stop]));
            if (drain.aborted || stop.aborted) return;
            const { redis, prefix, hello, onEvent } = this.#options;
            const taker = new TicketTaker({
                redis,
                prefix,
                slots: hello.slots,
                run: (ticket) => this.#take(ticket),
                onError: (error) => onEvent({ type: 'redis', reason: error.message }),
            });
            this.#taker = taker;
            taker.start();
            const reporting = this.#reportAlways(signal);
            const stopping = new Promise<void>((resolve) => {
                for (const each of [drain, stop]) {
                    if (each.aborted) resolve();
                    each.addEventListener('abort', () => resolve(), { once: true });
                }
            });
            // A daemon that no longer wants this worker ends the reporting with its reason.
            await Promise.race([stopping, reporting]);
            taker.pause();
            if (stop.aborted) giveBack();
            await taker.stop();
            this.#ending.abort();
            await reporting.catch(() => undefined);
            await this.#link.goodbye(AbortSignal.timeout(GOODBYE_MS)).catch(() => undefined);
        } finally {
            stop.removeEventListener('abort', giveBack);
            this.#ending.abort();
        }
    }

    #endAll(reason: 'stopping'): void {
        for (const job of this.#jobs) job.end(reason);
    }

    /** Says hello until the daemon has answered. */
    async #join(signal: AbortSignal): Promise<void> {
        for (let failures = 0; ; failures += 1) {
            if (signal.aborted) return;
            try {
                this.#welcome = await this.#link.hello(this.#options.hello, signal);
                this.#here();
                return;
            } catch (error) {
                if (signal.aborted) return;
                if (!(error instanceof ConnectionLostError)) throw error;
                this.#away(error);
                await sleep(backoffMs(failures, RETRY), signal).catch(() => undefined);
            }
        }
    }

    #here(): void {
        if (!this.#isAway) return;
        this.#isAway = false;
        this.#taker?.resume();
        this.#options.onEvent({ type: 'joined' });
    }

    /** Without the daemon a ticket is worth nothing: others may have more luck with it. */
    #away(error: Error): void {
        this.#taker?.pause();
        if (this.#isAway && this.#welcome) return;
        this.#isAway = true;
        this.#options.onEvent({ type: 'away', reason: error.message });
    }

    async #take(ticket: Ticket): Promise<void> {
        const { signal } = this.#ending;
        const { client, cache, workDir, sharedDir, sharesResults } = this.#options;
        const { niceness, hello, onEvent } = this.#options;
        const { jobId, attempt } = ticket;
        let assignment;
        try {
            assignment = await this.#link.claim({ jobId, attempt }, signal);
        } catch (error) {
            // Cancelled meanwhile, or somebody else's: the ticket is out of date.
            if (error instanceof KvzError && error.code === 'UNKNOWN_JOB') return;
            throw error;
        }
        const services: HeldJobServices = {
            ...{ client, link: this.#link, cache, workDir, niceness, sharedDir, sharesResults },
            threads: () => threadShare(hello.threads, this.#jobs.size),
            onNews: () => this.#wake(),
        };
        const job = new HeldJob(assignment, services);
        this.#jobs.add(job);
        onEvent({ type: 'job', jobId, attempt: assignment.attempt, state: 'taken' });
        try {
            await job.run();
        } finally {
            this.#jobs.delete(job);
            onEvent({ type: 'job', jobId, attempt: assignment.attempt, state: 'left' });
        }
    }

    /** @throws KvzError when the daemon does not want this worker any more */
    async #reportAlways(signal: AbortSignal): Promise<void> {
        while (!signal.aborted) {
            try {
                await this.#report(signal);
                this.#here();
            } catch (error) {
                if (signal.aborted) return;
                if (error instanceof KvzError && error.code === 'UNKNOWN_WORKER') {
                    // The daemon was restarted; it knows the jobs, and now this worker again.
                    await this.#join(signal);
                    for (const job of this.#jobs) job.rejoined();
                    continue;
                }
                if (!(error instanceof ConnectionLostError)) throw error;
                this.#away(error);
            }
            await this.#pause(signal);
        }
    }

    /** Until the next report is due, or there is news that should not wait. */
    async #pause(signal: AbortSignal): Promise<void> {
        const ending = new AbortController();
        const news = new Promise<void>((resolve) => (this.#wake = resolve));
        const stop = AbortSignal.any([signal, ending.signal]);
        const timer = delay((this.#welcome?.reportSeconds ?? 1) * 1000, undefined, {
            signal: stop,
        }).catch(() => undefined);
        await Promise.race([news, timer]);
        ending.abort();
    }

    async #report(signal: AbortSignal): Promise<void> {
        const told = [...this.#jobs].map((job) => ({ job, report: job.takeReport() }));
        try {
            const { lost } = await this.#link.report(
                { jobs: told.map(({ report }) => report) },
                signal,
            );
            for (const { jobId, attempt, reason } of lost) {
                const found = told.find(
                    ({ report }) => report.jobId === jobId && report.attempt === attempt,
                );
                found?.job.end(reason);
            }
        } catch (error) {
            for (const { job, report } of told) job.returnReport(report);
            throw error;
        }
    }
}
