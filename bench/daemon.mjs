#!/usr/bin/env node
// npm run bench:daemon: what it costs to watch jobs, to connect, and to have had many of them.
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openFolders } from '../dist/daemon/folders.js';
import { Store } from '../dist/daemon/store/index.js';
import { fileIdOf } from '../dist/protocol/file-id.js';
import { ask, BenchDaemon } from './daemon-process.mjs';
import { scratchFolder } from './files.mjs';
import { loadNow, report, table } from './report.mjs';
import { finishedJobs, rounds, scratchParent, watchers, watchSeconds } from './settings.mjs';
import { median, spread } from './stats.mjs';

const JOBS = 5;
const GOALS = { p99Ms: 50, core: 0.1, memoryBytes: 150e6, startMs: 1_000, listMs: 100 };
/** As bench/line-program.mjs tells frames. */
const PERIOD_MS = 20;
const EPOCH_MS = 10_000;
const RAW = { width: 16, height: 16, fps: '50', pixelFormat: 'gray' };
const RAW_FRAME_BYTES = 256;
const LINE_PROGRAM = fileURLToPath(new URL('./line-program.mjs', import.meta.url));

const say = (text) => process.stderr.write(`${text}\n`);
const newToken = () => randomBytes(32).toString('base64url');
const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`;
const met = (value, goal) => (value <= goal ? 'met' : 'not met');
const quantile = (values, part) =>
    values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))];

const loadBefore = loadNow();
const scratch = scratchFolder(scratchParent());
const count = rounds();

function newHome(name) {
    const home = join(scratch, name);
    mkdirSync(home);
    return home;
}

/** Sends raw video for a job that runs until the daemon stops. */
async function startJob(daemon, token) {
    const socket = await daemon.connect(token);
    const bytes = Buffer.alloc(RAW_FRAME_BYTES * 40_000, randomBytes(RAW_FRAME_BYTES));
    const file = { id: fileIdOf(bytes), name: 'a.yuv', size: bytes.length, kind: 'raw', raw: RAW };
    const options = { preset: 'ultrafast', container: 'hevc', logo: { enabled: false } };
    let reply = await ask(socket, { type: 'encode.request', file, options });
    if (reply.status === 'challenge') {
        const challenge = reply.challenge.id;
        reply = await ask(socket, { type: 'encode.prove', challenge, proof: '' });
    }
    const parameters = new URLSearchParams({
        ...{ resumableChunkNumber: 1, resumableChunkSize: 16 * 2 ** 20 },
        ...{ resumableCurrentChunkSize: bytes.length, resumableTotalSize: bytes.length },
        ...{ resumableIdentifier: reply.upload.id, resumableFilename: 'a', resumableType: '' },
        ...{ resumableRelativePath: 'a', resumableTotalChunks: 1 },
    });
    const stored = await fetch(`${daemon.url}/upload?${parameters}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
        body: bytes,
    });
    if (!stored.ok) throw new Error(`upload: ${stored.status} ${await stored.text()}`);
    for (;;) {
        const { job } = await ask(socket, { type: 'job.get', jobId: reply.jobId });
        if (job.progress) return socket;
        if (job.failure) throw new Error(job.failure.message);
        await delay(100);
    }
}

/** Watchers, spread over the users of the jobs. */
async function watching() {
    const daemon = await BenchDaemon.start(newHome('watched'), {
        KVZ_CLOUD_KVAZAAR: LINE_PROGRAM,
    });
    try {
        const tokens = Array.from({ length: JOBS }, newToken);
        const sockets = [];
        for (const token of tokens) sockets.push(await startJob(daemon, token));
        let latencies = [];
        const hear = (data) => {
            const nowMs = Date.now();
            const frame = Number(/"frame":(\d+)/.exec(data.toString('latin1'))?.[1]);
            if (!(frame > 0)) return;
            // The frame's line came this long after the start, which was a multiple of the epoch.
            latencies.push((nowMs - frame * PERIOD_MS) % EPOCH_MS);
        };
        for (let i = 0; i < watchers(); i++) {
            const socket = await daemon.connect(tokens[i % JOBS]);
            socket.on('message', hear);
            sockets.push(socket);
        }
        say(`${watchers()} watchers are connected`);
        const results = [];
        for (let round = 0; round < count; round++) {
            latencies = [];
            const [cpuBefore, beganMs] = [daemon.cpuSeconds(), performance.now()];
            await delay(watchSeconds() * 1000);
            const seconds = (performance.now() - beganMs) / 1000;
            results.push({
                core: (daemon.cpuSeconds() - cpuBefore) / seconds,
                perSecond: latencies.length / seconds,
                p50: quantile(latencies, 0.5),
                p99: quantile(latencies, 0.99),
                memoryBytes: daemon.memoryBytes(),
            });
            say(`round ${round + 1}: ${JSON.stringify(results.at(-1))}`);
        }
        for (const socket of sockets) socket.terminate();
        return results;
    } finally {
        await daemon.stop();
    }
}

/** Connections that come, introduce themselves and go, 50 at a time. */
async function handshakes() {
    const daemon = await BenchDaemon.start(newHome('greeted'));
    try {
        await delay(2_000);
        const idleBytes = daemon.memoryBytes();
        const token = newToken();
        const perSecond = [];
        for (let round = 0; round <= count; round++) {
            const beganMs = performance.now();
            let left = watchers();
            await Promise.all(
                Array.from({ length: 50 }, async () => {
                    while (left-- > 0) (await daemon.connect(token)).terminate();
                }),
            );
            // The first round is to warm up.
            if (round > 0) perSecond.push(watchers() / ((performance.now() - beganMs) / 1000));
        }
        return { idleBytes, perSecond };
    } finally {
        await daemon.stop();
    }
}

/** Finished jobs of one user, each with a result of its own that is on the disk. */
function fillStore(home, token) {
    const folders = openFolders(join(home, 'data'));
    const store = new Store(folders.database);
    const now = Date.now();
    const user = store.tokens.findOrOpen(token, now);
    const options = { preset: 'medium', container: 'mkv', kvazaar: [], logo: { enabled: true } };
    store.transaction(() => {
        for (let i = 0; i < finishedJobs(); i++) {
            const id = randomBytes(8).toString('hex');
            const requestKey = randomBytes(32).toString('hex');
            store.results.add({
                ...{ id, requestKey, container: 'mkv', bytes: 1, createdAt: now },
                data: {
                    ...{ inputBytes: 1e6, frames: 250, logoFrames: 25, durationSeconds: 10 },
                    ...{ bitrateBps: 1e6, encodeSeconds: 12, fps: 20, psnr: 40, notes: [] },
                },
            });
            writeFileSync(join(folders.results, id), 'x');
            const [job] = store.jobs.create(
                {
                    ...{ userId: user.id, fileId: randomBytes(32).toString('hex'), options },
                    ...{ uploadId: undefined, name: `clip-${i}.mp4`, size: 1e6, raw: undefined },
                    ...{ requestKey, priority: 0 },
                },
                'queued',
                now + i,
            );
            store.jobs.transition(job.id, 'ready', now + i, { resultId: id });
        }
    });
    store.close();
}

async function history() {
    const home = newHome('history');
    const token = newToken();
    fillStore(home, token);
    say(`${finishedJobs()} finished jobs are in the database`);
    const result = { startMs: [], afterKillMs: [], listMs: [], statsMs: [], memoryBytes: [] };
    for (let round = 0; round < count; round++) {
        const daemon = await BenchDaemon.start(home);
        result.startMs.push(daemon.startMs);
        const socket = await daemon.connect(token);
        const time = async (message) => {
            const beganMs = performance.now();
            await ask(socket, message);
            return performance.now() - beganMs;
        };
        result.listMs.push(await time({ type: 'jobs.list', limit: 100 }));
        result.statsMs.push(await time({ type: 'server.stats' }));
        result.memoryBytes.push(daemon.memoryBytes());
        socket.terminate();
        await daemon.kill();
        const next = await BenchDaemon.start(home);
        result.afterKillMs.push(next.startMs);
        await next.stop();
    }
    return result;
}

const watched = await watching();
const greeted = await handshakes();
const past = await history();

const of = (key) => watched.map((result) => result[key]);
const core = median(of('core'));
const memory = Math.max(...of('memoryBytes'));
const n = (value) => value.toLocaleString('en');
report({
    name: 'daemon',
    title: 'The daemon',
    command: 'npm run bench:daemon',
    loadBefore,
    body: [
        `Medians (smallest–largest) of ${count} rounds of ${watchSeconds()} s. ${n(watchers())} ` +
            `watchers of ${JOBS} running jobs got ${Math.round(median(of('perSecond')))} events a second.`,
        table([
            ['', 'measured', 'goal'],
            [
                `from kvazaar's line to the client's event, p99, ms`,
                spread(of('p99'), 0),
                `at most ${GOALS.p99Ms}: ${met(median(of('p99')), GOALS.p99Ms)}`,
            ],
            ["from kvazaar's line to the client's event, p50, ms", spread(of('p50'), 0), ''],
            [
                'processor time of the daemon meanwhile, % of a core',
                spread(
                    of('core').map((part) => part * 100),
                    1,
                ),
                `at most ${GOALS.core * 100}: ${met(core, GOALS.core)}`,
            ],
            [
                'memory of the daemon meanwhile, at most',
                megabytes(memory),
                `at most ${megabytes(GOALS.memoryBytes)}: ${met(memory, GOALS.memoryBytes)}`,
            ],
            ['memory of the idle daemon', megabytes(greeted.idleBytes), ''],
            ['handshakes (connection and `init`) a second', spread(greeted.perSecond, 0), ''],
            [
                `start with ${n(finishedJobs())} finished jobs, ms`,
                spread(past.startMs, 0),
                `below ${GOALS.startMs}: ${met(median(past.startMs), GOALS.startMs)}`,
            ],
            [
                'the same after kill -9, ms',
                spread(past.afterKillMs, 0),
                `below ${GOALS.startMs}: ${met(median(past.afterKillMs), GOALS.startMs)}`,
            ],
            [
                'the newest 100 of these jobs (`jobs.list`), first answer after the start, ms',
                spread(past.listMs, 1),
                `below ${GOALS.listMs}: ${met(median(past.listMs), GOALS.listMs)}`,
            ],
            ['`server.stats` then, ms', spread(past.statsMs, 1), ''],
            ['memory of the daemon then', megabytes(median(past.memoryBytes)), ''],
        ]),
    ].join('\n\n'),
});
