#!/usr/bin/env node
// npm run bench:cli: what the command costs beside its work: its start, and its live view.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findPrograms } from '../dist/encoder/programs.js';
import { freePort, peakMemoryBytes, runProgram, startServer, stopServer } from './process.mjs';
import { loadNow, report, table } from './report.mjs';
import { encodeSeconds, rounds, scratchParent } from './settings.mjs';
import { median, spread } from './stats.mjs';

const BIN = fileURLToPath(new URL('../bin/kvz-cloud.js', import.meta.url));
const GOALS = { versionMs: 60, jobsMs: 250, viewShare: 0.03 };
/** Starts of one command; each takes a fraction of a second. */
const STARTS = 10 * rounds();
/** The start of the command is not what the view costs. */
const WARM_UP_MS = 3_000;
const SAMPLE_MS = 500;
const CLOCK_TICKS = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout);

const loadBefore = loadNow();
const folder = mkdtempSync(join(scratchParent(), 'kvz-cloud-bench-'));
const env = {
    ...process.env,
    KVZ_CLOUD_HOME: join(folder, 'home'),
    KVZ_CLOUD_SERVER: `http://127.0.0.1:${await freePort()}`,
    KVZ_CLOUD_TOKEN: '',
};
delete env.CI;

/** Runs a command. @returns milliseconds on the clock, and of processor time (user and system) */
function timed(args) {
    const shell = `TIMEFORMAT='%3R %3U %3S'; { time "$@" >/dev/null 2>&1; } 2>&1`;
    const { status, stdout } = spawnSync('bash', ['-c', shell, 'bash', process.execPath, ...args], {
        env,
        encoding: 'utf8',
    });
    const [real, user, system] = stdout.trim().split(' ').map(Number);
    if (status !== 0 || !(real > 0)) throw new Error(`${args.join(' ')}: status ${status}`);
    return { clockMs: real * 1000, cpuMs: (user + system) * 1000 };
}

/** Processor time that a process has used, milliseconds; undefined when it is gone. */
function cpuMs(pid) {
    try {
        const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
        return ((Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS) * 1000;
    } catch {
        return undefined;
    }
}

async function clip() {
    const path = join(folder, 'clip.mp4');
    const seconds = String(encodeSeconds());
    await runProgram(findPrograms().ffmpeg, [
        ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25', '-t', seconds],
        ...['-c:v', 'mpeg4', '-q:v', '3', path],
    ]);
    return path;
}

/** An encode with the live view on a terminal of its own. */
async function watched(path, view) {
    const pidFile = join(folder, 'pid');
    rmSync(pidFile, { force: true });
    const output = join(folder, 'out.mkv');
    const encode = `"${process.execPath}" "${BIN}" encode "${path}" -o "${output}" --force --progress ${view}`;
    const options = `-p medium --no-logo -- --qp ${20 + (watched.turn++ % 20)}`;
    const shell = `stty cols 80 rows 24; echo $$ > "${pidFile}.new"; mv "${pidFile}.new" "${pidFile}"; exec ${encode} ${options}`;
    const child = spawn('script', ['-qefc', shell, '/dev/null'], {
        env: { ...env, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' },
        stdio: ['ignore', 'pipe', 'inherit'],
    });
    let drawn = 0;
    child.stdout.on('data', (data) => (drawn += data.length));
    const ended = once(child, 'exit');
    while (!existsSync(pidFile)) await delay(20);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await delay(WARM_UP_MS);
    const first = { ms: performance.now(), cpu: cpuMs(pid), drawn };
    let last = first;
    let memoryBytes = 0;
    while (child.exitCode === null) {
        const cpu = cpuMs(pid);
        if (cpu === undefined) break;
        last = { ms: performance.now(), cpu, drawn };
        try {
            memoryBytes = Math.max(memoryBytes, peakMemoryBytes(pid) || 0);
        } catch {
            break;
        }
        await delay(SAMPLE_MS);
    }
    const [status] = await ended;
    if (status !== 0) throw new Error(`the encode ended with status ${status}`);
    const elapsedMs = last.ms - first.ms;
    if (elapsedMs < WARM_UP_MS) throw new Error('the encode was too short to measure its view');
    return {
        share: (last.cpu - first.cpu) / elapsedMs,
        memoryBytes,
        bytesPerSecond: ((last.drawn - first.drawn) / elapsedMs) * 1000,
        seconds: elapsedMs / 1000,
    };
}
watched.turn = 0;

const { child } = await startServer(process.execPath, [BIN, 'daemon', 'run'], { env });
child.stdout.resume();
try {
    const commands = {
        bare: ['-e', '0'],
        version: [BIN, '--version'],
        help: [BIN, '--help'],
        jobs: [BIN, 'jobs'],
    };
    const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
    for (const args of Object.values(commands)) timed(args); // read from the disk once
    for (let turn = 0; turn < STARTS; turn++) {
        for (const [name, args] of Object.entries(commands)) times[name].push(timed(args));
    }
    const clock = (name) => times[name].map((each) => each.clockMs);
    const cpu = (name) => times[name].map((each) => each.cpuMs);
    const path = await clip();
    const views = { ui: [], plain: [] };
    for (let round = 0; round < rounds(); round++) {
        for (const [name, results] of Object.entries(views)) {
            results.push(await watched(path, name));
        }
    }
    const percent = (share) => `${(share * 100).toFixed(2)} %`;
    const met = (holds) => (holds ? 'met' : 'not met');
    const overBare = median(clock('version')) - median(clock('bare'));
    const cpuOverBare = median(cpu('version')) - median(cpu('bare'));
    const viewRow = (label, results) => [
        label,
        percent(median(results.map(({ share }) => share))),
        `${Math.round(median(results.map(({ memoryBytes }) => memoryBytes)) / 1e6)} MB`,
        `${(median(results.map(({ bytesPerSecond }) => bytesPerSecond)) / 1000).toFixed(1)} kB`,
        `${median(results.map(({ seconds }) => seconds)).toFixed(0)} s`,
    ];
    const share = median(views.ui.map((each) => each.share));
    report({
        name: 'cli',
        title: 'The command itself',
        command: 'npm run bench:cli',
        loadBefore,
        body: [
            `Milliseconds, median (smallest–largest) of ${STARTS} turns; processor time is user and system together, and says more than the clock where others use the machine.`,
            '',
            table([
                ['command', 'clock, ms', 'processor time, ms'],
                ['`node -e 0`', spread(clock('bare'), 0), spread(cpu('bare'), 0)],
                ['`kvz-cloud --version`', spread(clock('version'), 0), spread(cpu('version'), 0)],
                ['`kvz-cloud --help`', spread(clock('help'), 0), spread(cpu('help'), 0)],
                [
                    '`kvz-cloud jobs`, daemon running',
                    spread(clock('jobs'), 0),
                    spread(cpu('jobs'), 0),
                ],
            ]),
            '',
            table([
                ['what', 'measured', 'goal'],
                [
                    '`--version` above bare node',
                    `${overBare.toFixed(0)} ms; ${cpuOverBare.toFixed(0)} ms of processor time`,
                    `at most ${GOALS.versionMs} ms: ${met(overBare <= GOALS.versionMs)}`,
                ],
                [
                    '`jobs`',
                    `${median(clock('jobs')).toFixed(0)} ms; ${median(cpu('jobs')).toFixed(0)} ms of processor time`,
                    `at most ${GOALS.jobsMs} ms: ${met(median(clock('jobs')) <= GOALS.jobsMs)}`,
                ],
                [
                    'live view, of one core',
                    percent(share),
                    `at most ${GOALS.viewShare * 100} %: ${met(share <= GOALS.viewShare)}`,
                ],
            ]),
            '',
            `An encode on a terminal of 80 by 24, from ${WARM_UP_MS / 1000} s after its start to its end; the process of the command, daemon and encoder not included.`,
            '',
            table([
                ['`--progress`', 'of one core', 'peak memory', 'drawn each second', 'measured for'],
                viewRow('ui', views.ui),
                viewRow('plain', views.plain),
            ]),
        ].join('\n'),
    });
} finally {
    await stopServer(child);
    rmSync(folder, { recursive: true, force: true });
}
