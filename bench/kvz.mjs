// Our command and our daemon as a user runs them, in a home of their own.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
    freePort,
    peakMemoryBytes,
    processorSeconds,
    runProgram,
    startServer,
    stopServer,
} from './process.mjs';

const BIN = fileURLToPath(new URL('../bin/kvz-cloud.js', import.meta.url));
const IDLE_PROGRAM = fileURLToPath(new URL('./idle-program.sh', import.meta.url));

/** Raw video of one MiB a frame, so that any whole number of MiB is a whole number of frames. */
const RAW_FORMAT = ['--raw', '--input-res', '1024x1024', '--input-format', 'gray'];
const OPTIONS = [...RAW_FORMAT, '--preset', 'ultrafast', '--no-logo', '--detach', '--json'];

export class Kvz {
    #env;
    #child;
    #folder;

    /**
     * Starts a daemon whose only worker is busy with a job that never ends and needs no processor
     * time, so what is uploaded stays `queued` and no encoder disturbs the measurement.
     * @param {{ localCopy: boolean }} options whether the daemon reads files itself
     */
    static async start(folder, { localCopy }) {
        const kvz = new Kvz();
        mkdirSync(folder, { recursive: true });
        const port = await freePort();
        kvz.#folder = folder;
        kvz.#env = {
            ...process.env,
            KVZ_CLOUD_HOME: folder,
            KVZ_CLOUD_SERVER: `http://127.0.0.1:${port}`,
            KVZ_CLOUD_TOKEN: '',
            KVZ_CLOUD_LOCAL_COPY: String(localCopy),
            KVZ_CLOUD_KVAZAAR: IDLE_PROGRAM,
        };
        const args = ['daemon', 'run', '--workers', '1', '--log-level', 'info'];
        const { child } = await startServer(process.execPath, [BIN, ...args], { env: kvz.#env });
        // Nobody reads its log any more.
        child.stdout.resume();
        kvz.#child = child;
        await kvz.#occupyWorker();
        return kvz;
    }

    async #occupyWorker() {
        const path = join(this.#folder, 'blocker.yuv');
        writeFileSync(path, Buffer.alloc(1 << 20));
        const [end] = (await this.encode(path)).lines.slice(-1);
        for (let state = 'queued'; state === 'queued' || state === 'probing'; await delay(20)) {
            ({ state } = await this.job(end.jobId));
            if (state === 'failed') throw new Error('the job that keeps the worker busy failed');
        }
    }

    /** Runs a command that is expected to succeed. */
    async run(...args) {
        return runProgram(process.execPath, [BIN, ...args], { env: this.#env });
    }

    /** `kvz-cloud encode --detach`. @returns its JSON lines and its seconds */
    async encode(path) {
        const { stdout, seconds } = await this.run('encode', path, ...OPTIONS);
        const lines = stdout.trimEnd().split('\n');
        return { lines: lines.map((line) => JSON.parse(line)), seconds };
    }

    async job(id) {
        return JSON.parse((await this.run('job', id, '--json')).stdout);
    }

    /** Where the daemon keeps what has arrived; there is one file of `bytes` bytes. */
    sources() {
        const folder = join(this.#folder, 'data', 'sources');
        return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
    }

    processorSeconds() {
        return processorSeconds(this.#child.pid);
    }

    peakMemoryBytes() {
        return peakMemoryBytes(this.#child.pid);
    }

    async stop() {
        await stopServer(this.#child);
        rmSync(this.#folder, { recursive: true, force: true });
    }
}
