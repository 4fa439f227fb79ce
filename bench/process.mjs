// Child processes of a benchmark, and what the kernel says of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';

/** Clock ticks a second in /proc/PID/stat (USER_HZ, 100 on every Linux that Node runs on). */
const TICKS = 100;

/**
 * User and system seconds that a process has used: `own`, and `children` of those that have ended
 * and were waited for, with theirs (proc(5): utime, stime, cutime, cstime).
 */
export function cpuSeconds(pid) {
    return secondsIn(`/proc/${pid}/stat`);
}

/** Those of the main thread of a process, without its other threads. */
export function threadSeconds(pid) {
    return secondsIn(`/proc/${pid}/task/${pid}/stat`).own;
}

function secondsIn(path) {
    const fields = readFileSync(path, 'utf8').split(') ').at(-1).split(' ');
    const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number);
    return { own: (user + system) / TICKS, children: (childUser + childSystem) / TICKS };
}

/**
 * Adds up what the processes below one use, by looking again and again: bubblewrap does not wait
 * for what runs in it, so the kernel counts it to nobody. Of each program the time since the last
 * look is lost.
 */
export class DescendantsCpu {
    #pid;
    #seconds = new Map();

    constructor(pid) {
        this.#pid = pid;
    }

    look(pid = this.#pid) {
        try {
            const below = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
            for (const child of below === '' ? [] : below.split(' ')) {
                this.#seconds.set(child, cpuSeconds(child).own);
                this.look(child);
            }
        } catch {
            // It has ended meanwhile.
        }
    }

    get seconds() {
        return [...this.#seconds.values()].reduce((sum, each) => sum + each, 0);
    }
}

/**
 * Runs a program to its end, one at a time.
 * @returns its wall time, and the processor time of it and all that it has started
 * @throws Error with what it said when it fails
 */
export async function runProgram(command, args, options = {}) {
    const before = cpuSeconds('self').children;
    const startedMs = performance.now();
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
        child[name].on('data', (data) => (said[name] += data));
    }
    const [status] = await once(child, 'close');
    const seconds = (performance.now() - startedMs) / 1000;
    if (status !== 0) {
        const end = said.stderr || said.stdout.split('\n').slice(-2).join('\n');
        throw new Error(`${command} ${args.join(' ')}: status ${status}\n${end}`);
    }
    const cpu = cpuSeconds('self').children - before;
    return { seconds, cpuSeconds: cpu, stdout: said.stdout };
}

/** Ends a process together with the benchmark, before the benchmark's files are removed. */
export function endWithUs(child) {
    const end = () => child.kill('SIGKILL');
    process.prependListener('exit', end);
    child.once('exit', () => process.off('exit', end));
}

/** Starts a program and waits for its first line of output. */
export async function startServer(command, args, options = {}) {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
    endWithUs(child);
    const lines = createInterface({ input: child.stdout });
    const [line] = await Promise.race([
        once(lines, 'line'),
        once(child, 'exit').then(([status]) => {
            throw new Error(`${args.join(' ')}: ended with status ${status} before it was up`);
        }),
    ]);
    return { child, line };
}

/** Asks a server to end and waits until it has. */
export async function stopServer(child) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
}

/** The most memory that a process has had at any time, bytes (VmHWM, proc(5)). */
export function peakMemoryBytes(pid) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Processor time of a process and its threads until now, seconds (utime and stime, proc(5)). */
export function processorSeconds(pid) {
    return cpuSeconds(pid).own;
}

/** A port on loopback that nobody listens on now. */
export async function freePort() {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    return port;
}
