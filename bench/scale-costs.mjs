// What a remote job costs the daemon beside the queue: its bytes, the look at its result, reports.
import { once } from 'node:events';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { VERSION } from '../dist/config/version.js';
import { CODED_BITS, checkResult, findPrograms, programVersion } from '../dist/encoder/index.js';
import { videoDigest } from '../dist/daemon/results/result-files.js';
import { writeRandomFile } from './files.mjs';
import { cpuSeconds, DescendantsCpu, runProgram, threadSeconds } from './process.mjs';

const GIB = 2 ** 30;
const [WIDTH, HEIGHT] = [640, 360];
const FRAME_BYTES = (WIDTH * HEIGHT * 3) / 2;
const REPORTS = 500;
const WORKER_ID = 'a-worker-of-the-benchmark';

/** One request of a worker. @returns the body; undefined when it is only counted */
async function ask(server, token, path, body) {
    const text = body && JSON.stringify(body);
    const asked = request(new URL(path, server), {
        method: body ? 'POST' : 'GET',
        headers: {
            authorization: `Bearer ${token}`,
            ...(text && { 'content-type': 'application/json', 'content-length': text.length }),
        },
    });
    asked.end(text);
    const [response] = await once(asked, 'response');
    const parts = [];
    for await (const part of response) if (body) parts.push(part);
    if (response.statusCode !== 200) throw new Error(`${path}: ${Buffer.concat(parts).toString()}`);
    return body && JSON.parse(Buffer.concat(parts).toString());
}

/** Processor time of the daemon while `work` goes on: of its main thread, and of the others. */
async function spent(pid, work) {
    const before = { all: cpuSeconds(pid).own, main: threadSeconds(pid) };
    const value = await work();
    const main = threadSeconds(pid) - before.main;
    return { value, main, others: cpuSeconds(pid).own - before.all - main };
}

/** Processor time of the digest of a file, taken as the daemon takes that of a result. */
async function digestSeconds(folder, name) {
    const own = process.cpuUsage();
    await videoDigest({ results: folder }, name);
    const { user, system } = process.cpuUsage(own);
    return (user + system) / 1e6;
}

/**
 * @param daemon {{bin: string, url: string, pid: number, env: object, folder: string}} one that
 * shares its queue, encodes nothing itself and has no worker
 * @param bytes of a source that is sent to it and fetched from it
 * @returns seconds of processor time: for a GiB received by the main thread and by the one that
 * hashes, for a GiB sent, for the digest of a GiB of results, and for one report of a worker
 */
export async function byteCosts({ bin, url, pid, env, folder }, bytes) {
    const command = (...args) => runProgram(process.execPath, [bin, ...args], { env });
    const receive = async (name, size) => {
        const path = join(folder, name);
        writeRandomFile(path, size);
        const digest = await digestSeconds(folder, name);
        const received = await spent(pid, () =>
            command(
                ...['encode', path, '--raw', '--input-res', `${WIDTH}x${HEIGHT}`],
                ...['--input-fps', '25', '--detach'],
            ),
        );
        rmSync(path);
        return { ...received, digest };
    };
    const wholeFrames = (length) => Math.floor(length / FRAME_BYTES) * FRAME_BYTES;
    // What runs for the first time is slower than what follows.
    await receive('first.yuv', wholeFrames(bytes / 4));
    const size = wholeFrames(bytes);
    const gibs = size / GIB;
    const received = await receive('source.yuv', size);
    const jobId = received.value.stdout.trim();
    const token = (await command('token', 'create', 'bench', '--role', 'worker')).stdout.trim();
    const path = (action) => `/worker/${WORKER_ID}/${action}`;
    await ask(url, token, path('hello'), {
        ...{ name: 'bench', version: VERSION, bitDepth: CODED_BITS, threads: 1, slots: 1 },
        kvazaar: await programVersion('kvazaar', findPrograms().kvazaar),
    });
    const claim = { jobId, attempt: 0 };
    const { source: place, attempt } = await ask(url, token, path('claim'), claim);
    await ask(url, token, place);
    const sent = await spent(pid, () => ask(url, token, place));
    const reported = await spent(pid, async () => {
        for (let report = 0; report < REPORTS; report += 1) {
            await ask(url, token, path('report'), { jobs: [{ jobId, attempt, log: [] }] });
        }
    });
    return {
        digest: received.digest / gibs,
        receive: received.main / gibs,
        hash: received.others / gibs,
        send: (sent.main + sent.others) / gibs,
        report: (reported.main + reported.others) / REPORTS,
    };
}

/** How often processes are looked at that nobody counts; see {@link DescendantsCpu}. */
const SAMPLE_MS = 5;

/** @returns seconds of processor time that each look at a result takes, as the daemon looks at it */
export async function lookSeconds(result, frames, folder, times) {
    const programs = findPrograms();
    const all = [];
    for (let turn = 0; turn < times; turn += 1) {
        const workDir = join(folder, `look-${turn}`);
        mkdirSync(workDir);
        const path = join(workDir, 'result');
        copyFileSync(result, path);
        const cpu = new DescendantsCpu(process.pid);
        const timer = setInterval(() => cpu.look(), SAMPLE_MS);
        await checkResult({ programs, path, container: 'mkv', frames, workDir });
        clearInterval(timer);
        all.push(cpu.seconds);
        rmSync(workDir, { recursive: true });
    }
    return all;
}
