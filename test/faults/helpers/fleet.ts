/** A daemon that shares its queue, and workers as processes of their own. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import { frameTimes } from '../../encoder/helpers/measure.js';
import { startRedis, type RedisOptions, type TestRedis } from '../../helpers/redis.js';
import type { EncodeProcess } from './process.js';
import { CommandProcess, type JsonEvent } from './process.js';
import { testRandom } from './random.js';
import { newScene, type Scene } from './scene.js';
import { writeSource, type Source } from './source.js';

/** Silence after which a worker has lost its jobs; on a busy machine it may be silent for a while. */
const LEASE_SECONDS = 60;
const SOURCE_MEBIBYTES = 16;

export interface Fleet extends Scene {
    redis: TestRedis;
    /** Starts a worker and waits until it takes jobs. */
    worker: (name: string, options?: WorkerOptions) => Promise<CommandProcess>;
    /** A source that is like no other, in the outputs folder. */
    source: (name: string, mebibytes?: number) => Source;
    /** Rows of the jobs, from the database. */
    jobs: () => JobRow[];
    /** Events by job: the states it went through, in order, progress left out. */
    statesOf: (jobId: unknown) => string[];
}

export interface WorkerOptions {
    env?: NodeJS.ProcessEnv;
    args?: readonly string[];
    /** Of the daemon, as this worker sees it. */
    server?: string;
    /** Waits for something other than the worker's joining. */
    until?: (line: string) => boolean;
    token?: string;
}

export interface JobRow {
    id: string;
    state: string;
    attempt: number;
    worker: string | null;
    crashes: number;
}

export async function newFleet(
    options: { redis?: RedisOptions; settings?: Record<string, unknown> } = {},
): Promise<Fleet> {
    const redis = await startRedis(options.redis);
    const scene = await newScene({
        settings: {
            queue: redis.url,
            workers: 0,
            workerLease: LEASE_SECONDS,
            ...options.settings,
        },
    });
    const { home, daemon } = scene;
    const random = testRandom('fleet');
    const query = <T>(sql: string, ...values: unknown[]): T[] => {
        const db = new Database(join(daemon.dataDir, 'kvz-cloud.db'), { readonly: true });
        try {
            return db.prepare<unknown[], T>(sql).all(...values);
        } finally {
            db.close();
        }
    };
    const worker = async (name: string, given: WorkerOptions = {}): Promise<CommandProcess> => {
        const token = given.token ?? (await issueToken(scene, name));
        const folder = join(home.folder, `worker-${name}`);
        mkdirSync(folder, { recursive: true });
        const child = new CommandProcess(
            [
                ...['worker', '--name', name, '--dir', folder],
                ...['--workers', '1', '--server', given.server ?? home.url],
                ...(given.args ?? []),
            ],
            {
                env: {
                    ...home.env,
                    KVZ_CLOUD_HOME: folder,
                    KVZ_CLOUD_TOKEN: token,
                    KVZ_CLOUD_QUEUE: redis.url,
                    ...given.env,
                },
                cwd: folder,
            },
        );
        await child.line(given.until ?? ((line) => line.includes(`${name} takes jobs of`)));
        return child;
    };
    return {
        ...scene,
        ...{ redis, worker },
        source: (name, mebibytes = SOURCE_MEBIBYTES) =>
            writeSource(join(home.outputs, `${name}.yuv`), mebibytes, random),
        jobs: () => query<JobRow>('SELECT id, state, attempt, worker, crashes FROM jobs'),
        statesOf: (jobId) =>
            query<{ state: string }>(
                `SELECT json_extract(body, '$.state') AS state FROM events
                 WHERE job_id = ? ORDER BY seq`,
                jobId,
            ).map(({ state }) => state),
    };
}

/** A token with the role `worker`, by the command on the daemon's machine. */
export async function issueToken({ home }: Scene, name: string): Promise<string> {
    const { status, stdout, stderr } = await home.run('token', 'create', name, '--role', 'worker');
    if (status !== 0) throw new Error(stderr);
    return stdout.trim();
}

/**
 * The command has its result, whole, and the daemon ran the job in so many attempts; where workers
 * lose it soon, on a busy machine it may be one more than was meant.
 */
export async function expectReady(
    fleet: Fleet,
    encode: EncodeProcess,
    source: Source,
    output: string,
    attempts: number | 'more' = 1,
): Promise<void> {
    expect(await encode.ended).toEqual({ status: 0, signal: null });
    const jobId = encode.last('done')?.['jobId'];
    const job = fleet.jobs().find(({ id }) => id === jobId);
    expect(job?.state).toBe('ready');
    if (attempts === 'more') expect(job?.attempt).toBeGreaterThan(1);
    else expect(job?.attempt).toBe(attempts);
    expect(await frameTimes({ path: join(fleet.home.outputs, output) })).toHaveLength(
        source.frames,
    );
    expect(fleet.statesOf(jobId).filter((state) => state === 'ready')).toHaveLength(1);
}

/** Nothing of any job is left but sources, by default one of each, and results. */
export async function expectTidy({ daemon, jobs }: Fleet, sources = jobs().length): Promise<void> {
    await daemon.repaired();
    const list = (name: string): string[] => readdirSync(join(daemon.dataDir, name));
    expect(list('work')).toEqual([]);
    expect(list('results')).toHaveLength(jobs().filter(({ state }) => state === 'ready').length);
    expect(list('sources')).toHaveLength(sources);
}

/** Its programs run: the state is told before they are started. */
export const hasFrames = ({ frame }: JsonEvent): boolean => typeof frame === 'number' && frame > 0;
