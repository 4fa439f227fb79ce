// A daemon of a benchmark's own: started, watched from outside, and spoken to by bare sockets.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { endWithUs, freePort, stopServer } from './process.mjs';

const BIN = fileURLToPath(new URL('../bin/kvz-cloud.js', import.meta.url));
const TICKS_PER_SECOND = 100;
/** Limits of a daemon that is open to everybody would be what is measured. */
const UNLIMITED = [
    ...['--sockets-per-user', '100000', '--connections', '100000'],
    ...['--connections-per-address', '100000', '--requests-per-second', '100000'],
    ...['--messages-per-second', '100000', '--failed-logins-per-minute', '100000'],
];

export class BenchDaemon {
    #child;
    url;
    /** From the start of the process to the first answer. */
    startMs;

    /** @param {Record<string, string>} env besides that of the benchmark */
    static async start(home, env = {}) {
        const daemon = new BenchDaemon();
        const port = await freePort();
        daemon.url = `http://127.0.0.1:${port}`;
        const args = ['daemon', 'run', '--port', String(port), '--log-level', 'warn', ...UNLIMITED];
        const beganMs = performance.now();
        daemon.#child = spawn(process.execPath, [BIN, ...args], {
            env: { ...process.env, KVZ_CLOUD_HOME: home, KVZ_CLOUD_SERVER: '', ...env },
            stdio: ['ignore', 'inherit', 'inherit'],
        });
        endWithUs(daemon.#child);
        for (;;) {
            if (daemon.#child.exitCode !== null) throw new Error('the daemon did not start');
            const answer = await fetch(`${daemon.url}/healthz`).catch(() => undefined);
            await answer?.arrayBuffer();
            if (answer?.ok) break;
            await delay(5);
        }
        daemon.startMs = performance.now() - beganMs;
        return daemon;
    }

    /** Processor time so far, of the daemon alone (proc(5), stat). */
    cpuSeconds() {
        const fields = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8').split(') ')[1];
        const [user, system] = fields.split(' ').slice(11, 13).map(Number);
        return (user + system) / TICKS_PER_SECOND;
    }

    memoryBytes() {
        const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
        return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
    }

    /** A connection that has introduced itself. */
    async connect(token) {
        const socket = new WebSocket(`${this.url.replace('http', 'ws')}/ws`);
        await once(socket, 'open');
        await ask(socket, { type: 'init', protocol: 1, token });
        return socket;
    }

    async stop() {
        await stopServer(this.#child);
    }

    /** kill -9. */
    async kill() {
        const ended = once(this.#child, 'exit');
        this.#child.kill('SIGKILL');
        await ended;
    }
}

let lastId = 0;

/** Sends a message. @returns its answer. @throws Error for an error */
export async function ask(socket, message) {
    const id = ++lastId;
    const answer = new Promise((resolve, reject) => {
        const hear = (data) => {
            const text = data.toString('utf8');
            if (!text.includes(`"re":${id},`) && !text.includes(`"re":${id}}`)) return;
            socket.off('message', hear);
            socket.off('close', lost);
            const value = JSON.parse(text);
            if (value.type === 'error') reject(new Error(`${value.code}: ${value.message}`));
            else resolve(value);
        };
        const lost = () => reject(new Error('the connection was closed'));
        socket.on('message', hear);
        socket.on('close', lost);
    });
    socket.send(JSON.stringify({ ...message, id }));
    return answer;
}
