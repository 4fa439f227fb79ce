#!/usr/bin/env node
// npm run bench:scale: what a job costs the daemon through each queue, and what a second worker brings.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseRedisAddress } from '../dist/config/redis-address.js';
import { EventBus } from '../dist/daemon/event-bus.js';
import { openFolders } from '../dist/daemon/folders.js';
import { Attempt } from '../dist/daemon/jobs/attempt.js';
import { BullmqQueue } from '../dist/daemon/queue/bullmq.js';
import { LocalQueue } from '../dist/daemon/queue/local.js';
import { Store } from '../dist/daemon/store/index.js';
import { newId } from '../dist/daemon/ids.js';
import { extrapolate } from './extrapolation.mjs';
import { scratchFolder } from './files.mjs';
import {
    endWithUs,
    freePort,
    processorSeconds,
    runProgram,
    startServer,
    stopServer,
} from './process.mjs';
import { loadNow, replaceSection, report, table } from './report.mjs';
import { byteCosts, lookSeconds } from './scale-costs.mjs';
import { rounds, scaleBytes, scaleJobs, scaleSeconds, scratchParent } from './settings.mjs';
import { formatBytes, median, spread } from './stats.mjs';

const BIN = fileURLToPath(new URL('../bin/kvz-cloud.js', import.meta.url));
const SLOTS = 5;
const GOAL_CPU_MS = 5;
const ENCODES = 12;
/** Frames a second of the clips. */
const FPS = 25;
/** How often a result is looked at. */
const LOOKS = 5;
const SCALING = fileURLToPath(new URL('../docs/SCALING.md', import.meta.url));

const loadBefore = loadNow();
const home = scratchFolder(scratchParent());
const redisPort = await freePort();
const redis = spawn('redis-server', ['--port', String(redisPort), '--save', '', '--dir', home], {
    stdio: ['ignore', 'pipe', 'inherit'],
});
process.on('exit', () => redis.kill());
for await (const [line] of onLines(redis.stdout)) if (line.includes('Ready to accept')) break;
redis.stdout.resume();
const redisUrl = `redis://127.0.0.1:${redisPort}`;

async function* onLines(stream) {
    const lines = createInterface({ input: stream });
    for (;;) yield await once(lines, 'line');
}

/** Everything that a daemon does for a job but the encoding: claim, states, log, result. */
async function noOpJobs(name, makeQueue, jobs) {
    const folders = openFolders(join(home, `${name}-${newId()}`));
    const store = new Store(folders.database);
    const log = { info() {}, warn() {}, error() {}, child: () => log };
    const context = { store, folders, log, bus: new EventBus(), settings: {} };
    const user = store.tokens.findOrOpen('a-token-of-the-benchmark', Date.now());
    const now = Date.now();
    for (let number = 0; number < jobs; number += 1) {
        store.jobs.create(
            {
                ...{ userId: user.id, fileId: 'f'.repeat(64), uploadId: undefined },
                ...{ name: `${number}.mp4`, size: 1, raw: undefined, requestKey: `key${number}` },
                options: {
                    preset: 'medium',
                    container: 'mkv',
                    kvazaar: [],
                    logo: { enabled: false },
                },
                priority: 0,
            },
            'queued',
            now,
        );
    }
    let left = jobs;
    const ended = Promise.withResolvers?.() ?? withResolvers();
    const run = async (claimed) => {
        if (!claimed) return false;
        const [job, event] = claimed;
        context.bus.publish([event]);
        const attempt = new Attempt(context, job);
        attempt.enter('encoding');
        attempt.enter('packaging');
        const id = newId();
        writeFileSync(join(folders.results, id), 'result');
        writeFileSync(join(folders.frames, id), '');
        const facts = {
            ...{ inputBytes: 1, outputBytes: 6, frames: 1, logoFrames: 0, durationSeconds: 1 },
            ...{ bitrateBps: 1, encodeSeconds: 1, fps: 1, notes: [] },
        };
        if (!(await attempt.finish(id, facts, 1))) throw new Error('a job was run twice');
        await attempt.close();
        left -= 1;
        if (left === 0) ended.resolve();
        return true;
    };
    const queue = makeQueue(store, run);
    const cpu = process.cpuUsage();
    const redisCpu = processorSeconds(redis.pid);
    const startedMs = performance.now();
    queue.wake();
    await ended.promise;
    const seconds = (performance.now() - startedMs) / 1000;
    const { user: userUs, system } = process.cpuUsage(cpu);
    await queue.stop();
    const result = {
        jobsPerSecond: jobs / seconds,
        cpuMs: (userUs + system) / 1000 / jobs,
        redisMs: ((processorSeconds(redis.pid) - redisCpu) * 1000) / jobs,
    };
    store.close();
    return result;
}

function withResolvers() {
    const made = {};
    made.promise = new Promise((resolve) => (made.resolve = resolve));
    return made;
}

const QUEUES = {
    local: (store, run) => new LocalQueue(SLOTS, () => run(store.turns.claim(Date.now()))),
    redis: (store, run) =>
        new BullmqQueue({
            address: parseRedisAddress(`${redisUrl}?prefix=bench-${newId()}`),
            owner: { id: newId(), name: 'the benchmark' },
            slots: SLOTS,
            remoteFree: () => 0,
            waiting: (limit) => store.turns.startable(limit, Date.now()),
            run: async (ticket) => void (await run(store.turns.claimTicket(ticket, Date.now()))),
            onError: (error) => process.stderr.write(`${error.message}\n`),
        }),
};

/** A daemon that encodes nothing itself. */
async function startDaemon() {
    const folder = join(home, `fleet-${newId()}`);
    mkdirSync(folder);
    const url = `http://127.0.0.1:${await freePort()}`;
    const env = {
        ...process.env,
        KVZ_CLOUD_HOME: folder,
        KVZ_CLOUD_SERVER: url,
        KVZ_CLOUD_TOKEN: '',
        KVZ_CLOUD_QUEUE: `${redisUrl}?prefix=bench-${newId()}`,
    };
    const daemon = await startServer(
        process.execPath,
        [BIN, 'daemon', 'run', '--workers', '0', '--log-level', 'info'],
        { env },
    );
    daemon.child.stdout.resume();
    return { ...daemon, folder, url, env };
}

/** So many workers of one thread and one job each. @param out folder for the results, made here */
async function encodesWith(workers, clips, out) {
    const daemon = await startDaemon();
    const { folder, env } = daemon;
    const children = [];
    for (let number = 0; number < workers; number += 1) {
        const name = `worker${number}`;
        const { stdout } = await runProgram(
            process.execPath,
            [BIN, 'token', 'create', name, '--role', 'worker'],
            { env },
        );
        const child = spawn(
            process.execPath,
            [
                ...[BIN, 'worker', '--name', name, '--workers', '1', '--threads', '1'],
                ...['--dir', join(folder, name)],
            ],
            {
                env: { ...env, KVZ_CLOUD_TOKEN: stdout.trim() },
                stdio: ['ignore', 'ignore', 'pipe'],
            },
        );
        endWithUs(child);
        for await (const [line] of onLines(child.stderr)) if (line.includes('takes jobs')) break;
        child.stderr.resume();
        children.push(child);
    }
    mkdirSync(out);
    const { seconds } = await runProgram(
        process.execPath,
        [BIN, 'encode', ...clips, '-o', out, '--preset', 'veryfast', '--no-logo', '--json'],
        { env },
    );
    const daemonCpuMs = (processorSeconds(daemon.child.pid) * 1000) / clips.length;
    for (const child of children) await stopServer(child);
    await stopServer(daemon.child);
    return { seconds, daemonCpuMs };
}

function makeClips() {
    return Array.from({ length: ENCODES }, (_, number) => {
        const path = join(home, `clip${number}.mkv`);
        execFileSync('ffmpeg', [
            ...['-v', 'error', '-f', 'lavfi'],
            ...[
                '-i',
                `testsrc2=s=640x360:r=${FPS}:d=${scaleSeconds()},noise=alls=8:all_seed=${number}`,
            ],
            ...['-c:v', 'ffv1', path],
        ]);
        return path;
    });
}

const figures = { local: [], redis: [] };
for (let round = 0; round <= rounds(); round += 1) {
    for (const [name, make] of Object.entries(QUEUES)) {
        const figure = await noOpJobs(name, make, scaleJobs());
        // The first round warms everything up.
        if (round > 0) figures[name].push(figure);
    }
}
const clips = makeClips();
const walls = { 1: [], 2: [] };
let out;
for (let round = 0; round < Math.max(1, Math.floor(rounds() / 2)); round += 1) {
    for (const workers of [1, 2]) {
        out = join(home, `out-${round}-${workers}`);
        walls[workers].push(await encodesWith(workers, clips, out));
    }
}
const daemon = await startDaemon();
const { folder, url, env } = daemon;
const bytes = await byteCosts({ bin: BIN, pid: daemon.child.pid, folder, url, env }, scaleBytes());
await stopServer(daemon.child);
// What runs below this process is counted as a program that looks at a result.
await stopServer(redis);
const [result] = readdirSync(out);
const looks = await lookSeconds(join(out, result), scaleSeconds() * FPS, home, LOOKS);

const pick = (list, key) => list.map((each) => each[key]);
const worst = Math.max(
    ...Object.values(figures).map((list) => spread(pick(list, 'cpuMs')).split(' ')[0]),
);
const redisFigure = (key) => median(pick(figures.redis, key)) / 1000;
const ratios = walls[1].map(({ seconds }, index) => seconds / walls[2][index].seconds);
report({
    name: 'scale',
    title: 'Queues and workers',
    command: 'npm run bench:scale',
    loadBefore,
    body: [
        `${scaleJobs()} jobs whose encode does nothing, ${SLOTS} at a time, ${rounds()} rounds in turn: ` +
            'claim, states with their events, log, digest and row of a result. Median (smallest–largest).',
        '',
        table([
            [
                'queue',
                'jobs per second',
                'processor time of the daemon, ms per job',
                'of Redis, ms per job',
            ],
            ...Object.entries(figures).map(([name, list]) => [
                name === 'local' ? 'in the daemon (p-queue)' : 'in Redis (BullMQ)',
                spread(pick(list, 'jobsPerSecond'), 0),
                spread(pick(list, 'cpuMs')),
                name === 'local' ? '–' : spread(pick(list, 'redisMs')),
            ]),
        ]),
        '',
        `Goal: at most ${GOAL_CPU_MS} ms of the daemon per job: ${worst <= GOAL_CPU_MS ? 'met' : 'not met'}.`,
        '',
        `${ENCODES} clips of ${scaleSeconds()} s (640x360, veryfast), one thread a job, through workers ` +
            `of one job each as processes on this machine of ${availableParallelism()} cores:`,
        '',
        table([
            ['workers', 'seconds', 'processor time of the daemon, ms per job'],
            ...[1, 2].map((workers) => [
                String(workers),
                spread(pick(walls[workers], 'seconds')),
                spread(pick(walls[workers], 'daemonCpuMs'), 0),
            ]),
        ]),
        '',
        `Two workers are ${spread(ratios)} times as fast as one. The daemon's time per job includes ` +
            'uploads, results and downloads, and a share of its own start.',
        '',
        `What else a job costs, by a source of ${formatBytes(scaleBytes())}, ${LOOKS} looks at a result of ` +
            `${scaleSeconds()} s, and reports one after the other:`,
        '',
        table([
            ['what', 'seconds'],
            ['processor time of the main thread to receive a GiB', bytes.receive.toFixed(2)],
            ['of its other threads, which hash and write it', bytes.hash.toFixed(2)],
            ['of the daemon to send a GiB to a worker', bytes.send.toFixed(2)],
            ['of the daemon for the digest of a GiB of results', bytes.digest.toFixed(2)],
            ['of the daemon for a report of a worker', bytes.report.toFixed(5)],
            ['of the programs that look at a result', spread(looks)],
        ]),
        '',
        'What follows from this for 100 workers and a million jobs a day is in ' +
            '[SCALING.md](SCALING.md#what-limits-it-next), which this benchmark writes, too.',
    ].join('\n'),
});
replaceSection(
    SCALING,
    'extrapolation',
    extrapolate({
        ...{ queue: redisFigure('cpuMs'), redis: redisFigure('redisMs') },
        ...{ ...bytes, look: median(looks) },
    }),
);
