/** What the daemon measures of itself, in the text format of Prometheus. */
import type { Server } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { VERSION } from '../../config/version.js';
import { JOB_STATES } from '../../protocol/job-state.js';
import type { Context } from '../context.js';
import { freeBytes } from '../disk.js';
import type { StoredEvent } from '../store/index.js';
import { jobSlots, jobsRunning } from '../workers/load.js';
import { Connections } from './connections.js';
import {
    formatMetrics,
    LabelledCounter,
    LabelledHistogram,
    type MetricFamily,
} from './metric-text.js';

const PREFIX = 'kvz_cloud_';
/** How often the event loop is looked at, and woken; delays are measured on top of it. */
const LAG_RESOLUTION_MS = 100;
const LAG_QUANTILES = [0.5, 0.99, 1];
const DURATION_BUCKETS_SECONDS = [1, 5, 15, 60, 300, 900, 3_600, 14_400];
const FPS_BUCKETS = [1, 5, 10, 25, 50, 100, 250, 500, 1_000];

export class Metrics {
    readonly #families: MetricFamily[] = [];
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
        return formatMetrics(this.#families);
    }

    stop(): void {
        this.#lag.disable();
        this.#forget();
    }

    #add(
        type: MetricFamily['type'],
        name: string,
        help: string,
        samples: MetricFamily['samples'],
    ): void {
        this.#families.push({ name: PREFIX + name, help, type, samples });
    }

    #gauge(name: string, help: string, value: () => number | Promise<number>): void {
        this.#add('gauge', name, help, async () => [{ value: await value() }]);
    }

    /** A counter whose value is kept elsewhere. */
    #counter(name: string, help: string, value: () => number): void {
        this.#add('counter', name, help, () => [{ value: value() }]);
    }

    #addServerMetrics(connections: Connections): void {
        const context = this.#context;
        const { store, settings, folders } = context;
        this.#add('gauge', 'jobs', 'Jobs in each state.', () => {
            const counts = store.jobs.countByState();
            return JOB_STATES.map((state) => ({ labels: { state }, value: counts[state] ?? 0 }));
        });
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
        this.#add(
            'gauge',
            'event_loop_lag_seconds',
            'How late the event loop was since the last look; quantile 1 is the worst.',
            () => {
                const samples = LAG_QUANTILES.map((quantile) => {
                    const ms = lag.percentile(quantile * 100) / 1e6 - LAG_RESOLUTION_MS;
                    return {
                        labels: { quantile: String(quantile) },
                        value: Math.max(0, ms) / 1_000,
                    };
                });
                lag.reset();
                return samples;
            },
        );
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
        this.#add('gauge', 'info', 'The version; always 1.', () => [
            { labels: { version: VERSION }, value: 1 },
        ]);
    }

    #addJobMetrics(): (stored: StoredEvent) => void {
        const ended = new LabelledCounter();
        const duration = new LabelledHistogram(DURATION_BUCKETS_SECONDS);
        const speed = new LabelledHistogram(FPS_BUCKETS, [{}]);
        this.#add(
            'counter',
            'jobs_ended_total',
            'Jobs that ended, and why where they failed.',
            () => ended.samples(),
        );
        this.#add(
            'histogram',
            'job_duration_seconds',
            'From the start of the last attempt to the end.',
            () => duration.samples(),
        );
        this.#add('histogram', 'encode_fps', 'Frames per second of finished encodes.', () =>
            speed.samples(),
        );
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
            ended.increment({ state, failure: failure?.code ?? '' });
            const { store } = this.#context;
            const job = store.jobs.get(jobId);
            // One that was answered from another's result has not run.
            if (job?.startedAt === undefined || job.finishedAt === undefined) return;
            duration.observe({ state }, (job.finishedAt - job.startedAt) / 1_000);
            const result = state === 'ready' ? store.jobs.result(job) : undefined;
            if (result) speed.observe({}, result.fps);
        };
    }
}
