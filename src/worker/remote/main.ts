/** The worker as a process: its folders, its programs, signals and its log. */
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { HttpClient } from '../../client/http.js';
import { lockExclusively } from '../../config/exclusive-lock.js';
import { describeRedis, parseRedisAddress } from '../../config/redis-address.js';
import { tlsOptions } from '../../config/tls-trust.js';
import { VERSION } from '../../config/version.js';
import type { WorkerOptions } from '../../config/worker-options.js';
import {
    CODED_BITS,
    detectSandbox,
    findPrograms,
    MissingProgramError,
    programVersion,
} from '../../encoder/index.js';
import { KvzError } from '../../protocol/errors.js';
import type { WorkerHello } from '../../protocol/worker-messages.js';
import { Seldom } from '../seldom.js';
import { openRedis } from '../redis.js';
import { RemoteWorker, type WorkerEvent } from './remote-worker.js';
import { SourceCache } from './source-cache.js';

/** @throws KvzError NOT_READY when a program is missing */
async function introduce(options: WorkerOptions): Promise<WorkerHello> {
    try {
        const { kvazaar } = findPrograms();
        const version = await programVersion('kvazaar', kvazaar);
        if (version === undefined) throw new KvzError('NOT_READY', `${kvazaar} does not run`);
        return {
            name:
                options.name ??
                hostname()
                    .replaceAll(/[^\w.-]/g, '-')
                    .slice(0, 64),
            version: VERSION,
            kvazaar: version,
            bitDepth: CODED_BITS,
            threads: options.threads,
            slots: options.slots,
        };
    } catch (error) {
        if (!(error instanceof MissingProgramError)) throw error;
        throw new KvzError('NOT_READY', error.message);
    }
}

function describe(event: WorkerEvent, name: string, server: string): string {
    switch (event.type) {
        case 'joined':
            return `${name} takes jobs of ${server}`;
        case 'away':
            return `the daemon cannot be reached: ${event.reason}`;
        case 'redis':
            return `the queue cannot be reached: ${event.reason}`;
        case 'job':
            return `job ${event.jobId} attempt ${event.attempt} ${event.state}`;
    }
}

/**
 * Works until SIGTERM or SIGINT. The first lets running jobs end, a second one gives them back.
 * @throws KvzError WORKER_REFUSED, NOT_AUTHORISED, NOT_READY; Error when the folder is in use
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
    const { folder, server, onLine } = options;
    const address = parseRedisAddress(options.queue);
    const hello = await introduce(options);
    const workDir = join(folder, 'work');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const unlock = lockExclusively(join(folder, 'worker.lock'));
    if (!unlock) throw new Error(`another worker uses ${folder}; give each its own with --dir`);
    const client = new HttpClient(server, options.token, tlsOptions(options.ca));
    const seldom = new Seldom();
    const tell = (event: WorkerEvent): void => {
        const line = describe(event, hello.name, server);
        if (event.type === 'job' || event.type === 'joined' || seldom.isDue(line)) onLine(line);
    };
    const redis = openRedis(address, options.ca, (error) =>
        tell({ type: 'redis', reason: error.message }),
    );
    const drain = new AbortController();
    const stop = new AbortController();
    const onSignal = (): void => {
        if (drain.signal.aborted) stop.abort();
        else onLine('no new jobs; those that run end first (again: they are given back)');
        drain.abort();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    try {
        await rm(workDir, { recursive: true, force: true });
        mkdirSync(workDir, { mode: 0o700 });
        const cache = new SourceCache(join(folder, 'sources'), options.cacheBytes);
        await cache.prepare();
        const sandbox = await detectSandbox();
        onLine(
            `${hello.name}: kvazaar ${hello.kvazaar}, ${hello.slots} jobs at a time on ` +
                `${hello.threads} cores, queue ${describeRedis(address)}`,
        );
        if (!sandbox.isAvailable) onLine(`media is read without a sandbox: ${sandbox.reason}`);
        const worker = new RemoteWorker({
            ...{ client, redis, hello, cache, workDir },
            prefix: address.prefix,
            sharedDir: options.sharedDir,
            sharesResults: options.sharesResults,
            niceness: options.niceness,
            onEvent: tell,
        });
        await worker.run(drain.signal, stop.signal);
        onLine(`${hello.name} has stopped`);
    } finally {
        process.off('SIGTERM', onSignal);
        process.off('SIGINT', onSignal);
        redis.disconnect();
        client.close();
        unlock();
    }
}
