/** What the daemon measures of itself, in the text format of Prometheus. */
import type { Server } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { VERSION } from '../../config/version.js';
import { JOB_STATES } from '../../protocol/job-state.js';
import type { Context } from '../context.js';
import { freeBytes } from '../disk.js';
import type { StoredEvent } from '../store/index.js';
import { jobSlots, jobsRunning } from '../workers/load.js';
import { Connections } from './connections.js';

const PREFIX = 'kvz_cloud_';
/** How often the event loop is looked at, and woken; delays are measured on top of it. */
const LAG_RESOLUTION_MS = 100;
const LAG_QUANTILES = [0.5, 0.99, 1];
const DURATION_BUCKETS_SECONDS = [1, 5, 15, 60, 300, 900, 3_600, 14_400];
const FPS_BUCKETS = [1, 5, 10, 25, 50, 100, 250, 500, 1_000];

export class Metrics {
    readonly #registry = new Registry();
    readonly #context: Context;
    readonly #lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
    /** Frames per second of the jobs that are being encoded. */
    readonly #fps = new Map<string, number>();
    readonly #forget: () => void;

    constructor(context: Context, server: Server) {
        this.#context = context;
        this.#lag.enable();
        this.#addServerMetrics(new Connections(server));
        this.#addProcessMetrics();
        this.#forget = context.bus.subscribeAll(this.#addJobMetrics());
    }

    /** All metrics as they are now. What is kept elsewhere is looked up only here. */
    async text(): Promise<string> {
        return this.#registry.metrics();
    }

    get contentType(): string {
        return this.#registry.contentType;
    }

    stop(): void {
        this.#lag.disable();
        this.#forget();
    }

    #gauge(name: string, help: string, value: () => number | Promise<number>): void {
        const gauge = new Gauge({
            ...{ name: PREFIX + name, help, registers: [] },
            async collect() {
                this.set(await value());
            },
        });
        this.#registry.registerMetric(gauge);
    }

    /** A counter whose value is kept elsewhere. */
    #counter(name: string, help: string, value: () => number): void {
        const counter = new Counter({
            ...{ name: PREFIX + name, help, registers: [] },
            collect() {
                this.reset();
                this.inc(value());
            },
        });
        this.#registry.registerMetric(counter);
    }

    #addServerMetrics(connections: Connections): void {
        const context = this.#context;
        const { store, settings, folders } = context;
        const jobs = new Gauge({
            name: `${PREFIX}jobs`,
            help: 'Jobs in each state.',
            labelNames: ['state'],
            registers: [],
            collect() {
                const counts = store.jobs.countByState();
                for (const state of JOB_STATES) this.set({ state }, counts[state] ?? 0);
            },
        });
        this.#registry.registerMetric(jobs);
        this.#gauge('workers', 'Jobs that may run at once.', () => jobSlots(context));
        this.#gauge('workers_busy', 'Jobs that run.', () => jobsRunning(context));
        this.#gauge('disk_free_bytes', 'Free on the disk of the data folder.', async () =>
            freeBytes(folders.root),
        );
        this.#gauge('disk_floor_bytes', 'What must stay free.', () => settings.freeSpaceFloor);
        this.#gauge('notifications', 'Webhooks and commands on their way.', () =>
            store.outbox.count(),
        );
        this.#gauge('connections', 'Open connections.', () => connections.open);
        this.#gauge('websockets', 'Open connections of clients that watch their jobs.', () => {
            return connections.webSockets;
        });
        this.#counter('received_bytes_total', 'Bytes received over the network.', () => {
            return connections.bytes.received;
        });
        this.#counter('sent_bytes_total', 'Bytes sent over the network.', () => {
            return connections.bytes.sent;
        });
    }

    #addProcessMetrics(): void {
        const lag = this.#lag;
        const lateness = new Gauge({
            name: `${PREFIX}event_loop_lag_seconds`,
            help: 'How late the event loop was since the last look; quantile 1 is the worst.',
            labelNames: ['quantile'],
            registers: [],
            collect() {
                for (const quantile of LAG_QUANTILES) {
                    const ms = lag.percentile(quantile * 100) / 1e6 - LAG_RESOLUTION_MS;
                    this.set({ quantile }, Math.max(0, ms) / 1_000);
                }
                lag.reset();
            },
        });
        this.#registry.registerMetric(lateness);
        this.#counter(
            'cpu_seconds_total',
            'Processor time of the daemon, without programs.',
            () => {
                const { user, system } = process.cpuUsage();
                return (user + system) / 1e6;
            },
        );
        this.#gauge('resident_memory_bytes', 'Memory of the daemon, without programs.', () =>
            process.memoryUsage.rss(),
        );
        this.#gauge('uptime_seconds', 'Since the start.', () => process.uptime());
        new Gauge({
            name: `${PREFIX}info`,
            help: 'The version; always 1.',
            labelNames: ['version'],
            registers: [this.#registry],
        }).set({ version: VERSION }, 1);
    }

    #addJobMetrics(): (stored: StoredEvent) => void {
        const registers = [this.#registry];
        const ended = new Counter({
            name: `${PREFIX}jobs_ended_total`,
            help: 'Jobs that ended, and why where they failed.',
            labelNames: ['state', 'failure'],
            registers,
        });
        const duration = new Histogram({
            name: `${PREFIX}job_duration_seconds`,
            help: 'From the start of the last attempt to the end.',
            labelNames: ['state'],
            buckets: DURATION_BUCKETS_SECONDS,
            registers,
        });
        const speed = new Histogram({
            name: `${PREFIX}encode_fps`,
            help: 'Frames per second of finished encodes.',
            buckets: FPS_BUCKETS,
            registers,
        });
        this.#gauge('encoding_fps', 'Frames per second of all running encodes together.', () => {
            return [...this.#fps.values()].reduce((sum, fps) => sum + fps, 0);
        });
        return ({ event: { jobId, state, progress, failure } }) => {
            if (progress) {
                this.#fps.set(jobId, progress.fps ?? 0);
                return;
            }
            this.#fps.delete(jobId);
            if (state !== 'ready' && state !== 'failed' && state !== 'cancelled') return;
            ended.inc({ state, failure: failure?.code ?? '' });
            const { store } = this.#context;
            const job = store.jobs.get(jobId);
            // One that was answered from another's result has not run.
            if (job?.startedAt === undefined || job.finishedAt === undefined) return;
            duration.observe({ state }, (job.finishedAt - job.startedAt) / 1_000);
            const result = state === 'ready' ? store.jobs.result(job) : undefined;
            if (result) speed.observe(result.fps);
        };
    }
}
