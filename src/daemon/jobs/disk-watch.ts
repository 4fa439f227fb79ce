/**
 * Keeps the disk from filling up by what jobs write. Below the floor no job is started; those that
 * run go on as long as what they still need is there, and go back to the queue before it is not.
 * The queue goes on by itself when there is as much space as they needed.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../context.js';
import { freeBytes } from '../disk.js';
import type { JobRecord } from '../store/index.js';
import type { Runner } from './runner.js';

const LOOK_MS = 2_000;
/** Whatever the floor is: the database cannot do without. */
const LEAST_BYTES = 4 * 1024 * 1024;
/** Part of the floor that must be free beyond it before the queue goes on, so that it does not flicker. */
const SLACK = 1 / 20;
/** Files as long as the stream that a job has at once: the stream, and its container twice. */
const COPIES = 3;

/** What a job has in its work folder, bytes. */
export interface Written {
    all: number;
    largest: number;
}

/** The bytes that a job will still write; Infinity while that cannot be told. */
export function bytesToCome(job: Pick<JobRecord, 'state' | 'progress'>, written: Written): number {
    const { frame = 0, frames } = job.progress ?? {};
    if (frames === undefined || frame === 0) return Number.POSITIVE_INFINITY;
    const stream = job.state === 'packaging' ? written.largest : (written.all * frames) / frame;
    return Math.max(0, stream * COPIES - written.all);
}

async function writtenIn(folder: string): Promise<Written> {
    let all = 0;
    let largest = 0;
    for (const name of await readdir(folder).catch(() => [])) {
        const { size } = await stat(join(folder, name)).catch(() => ({ size: 0 }));
        all += size;
        largest = Math.max(largest, size);
    }
    return { all, largest };
}

interface Running {
    job: JobRecord;
    written: Written;
    toCome: number;
}

export class DiskWatch {
    readonly #context: Context;
    readonly #runner: Runner;
    #timer: NodeJS.Timeout | undefined;
    /** Free bytes with which the queue goes on. */
    #enough = 0;
    #isLow = false;

    constructor(context: Context, runner: Runner) {
        this.#context = context;
        this.#runner = runner;
    }

    /** Looks now, so that nothing is started on a full disk, and then every other second. */
    async start(): Promise<void> {
        await this.#look();
        let isLooking = false;
        this.#timer = setInterval(() => {
            if (isLooking) return;
            isLooking = true;
            this.#look()
                .catch((error: unknown) =>
                    this.#context.log.error({ err: error }, 'the disk cannot be looked at'),
                )
                .finally(() => (isLooking = false));
        }, LOOK_MS);
    }

    stop(): void {
        clearInterval(this.#timer);
    }

    async #look(): Promise<void> {
        const { folders, settings, pause } = this.#context;
        const floor = Math.max(settings.freeSpaceFloor, LEAST_BYTES);
        const running = await this.#running();
        const free = await freeBytes(folders.root);
        if (free < floor) {
            if (!this.#isLow) this.#enough = floor * (1 + SLACK);
            this.#isLow = true;
            pause.setLowDisk(
                `${megabytes(free)} are free on the disk of the daemon, which keeps ${megabytes(floor)} free`,
            );
            this.#putBack(running, free, floor);
        } else if (free >= this.#enough) {
            this.#isLow = false;
            this.#enough = floor;
            pause.setLowDisk(undefined);
        }
    }

    async #running(): Promise<Running[]> {
        const { store, folders } = this.#context;
        return Promise.all(
            this.#runner.jobIds
                .map((jobId) => store.jobs.get(jobId))
                .filter((job) => job !== undefined)
                .map(async (job) => {
                    const written = await writtenIn(join(folders.work, `${job.id}-${job.attempt}`));
                    return { job, written, toCome: bytesToCome(job, written) };
                }),
        );
    }

    /** Of the jobs that do not fit together, the youngest go back. */
    #putBack(running: readonly Running[], free: number, floor: number): void {
        let left = free;
        let gone = 0;
        const oldestFirst = [...running].sort(
            (a, b) => (a.job.startedAt ?? 0) - (b.job.startedAt ?? 0),
        );
        for (const { job, written, toCome } of oldestFirst) {
            left -= toCome;
            if (left >= 0) continue;
            this.#runner.abort(job.id, 'disk');
            gone += written.all;
        }
        // What they leave behind is free at once, and would be filled in the same way again.
        if (gone > 0) this.#enough = Math.max(this.#enough, floor * (1 + SLACK) + gone);
    }
}

const megabytes = (bytes: number): string => `${Math.floor(bytes / 1e6)} MB`;
