// Our command and a daemon that really encodes, in a home of their own.
import {
    appendFileSync,
    copyFileSync,
    mkdirSync,
    readdirSync,
    rmSync,
    statSync,
    utimesSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import {
    cpuSeconds,
    DescendantsCpu,
    freePort,
    runProgram,
    startServer,
    stopServer,
} from './process.mjs';

const BIN = fileURLToPath(new URL('../bin/kvz-cloud.js', import.meta.url));
/** What a program uses between the last look at it and its end is missed. */
const LOOK_INTERVAL_MS = 25;
const LOOKS_PER_SCRATCH = 8;

export class EncodingKvz {
    #env;
    #child;
    #folder;

    static async start(folder) {
        const kvz = new EncodingKvz();
        mkdirSync(join(folder, 'out'), { recursive: true });
        kvz.#folder = folder;
        kvz.#env = {
            ...process.env,
            KVZ_CLOUD_HOME: folder,
            KVZ_CLOUD_SERVER: `http://127.0.0.1:${await freePort()}`,
            KVZ_CLOUD_TOKEN: '',
        };
        const { child } = await startServer(process.execPath, [BIN, 'daemon', 'run'], {
            env: kvz.#env,
        });
        child.stdout.resume();
        kvz.#child = child;
        return kvz;
    }

    #run(...args) {
        return runProgram(process.execPath, [BIN, ...args], { env: this.#env });
    }

    /** A copy of a clip with another file id: bytes after the last box of an mp4 mean nothing. */
    variant(clip, number) {
        const path = join(this.#folder, `variant-${number}-${basename(clip)}`);
        copyFileSync(clip, path);
        appendFileSync(path, Buffer.from([0, 0, 0, 12, 0x66, 0x72, 0x65, 0x65, 0, 0, 0, number]));
        return path;
    }

    #scratchBytes() {
        const work = join(this.#folder, 'data', 'work');
        return readdirSync(work, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .reduce((sum, entry) => {
                const path = join(entry.parentPath, entry.name);
                return sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
            }, 0);
    }

    /** Encodes clips with one command, then forgets them, so that the next turn is the same. */
    async encode(clips, options) {
        // Else the command would know the clips' ids from the turn before.
        for (const clip of clips) utimesSync(clip, new Date(), new Date());
        const before = cpuSeconds(this.#child.pid);
        const programs = new DescendantsCpu(this.#child.pid);
        let scratchBytes = 0;
        let looks = 0;
        const timer = setInterval(() => {
            programs.look();
            looks += 1;
            if (looks % LOOKS_PER_SCRATCH > 0) return;
            scratchBytes = Math.max(scratchBytes, this.#scratchBytes());
        }, LOOK_INTERVAL_MS);
        const started = performance.now();
        const command = await this.#run(
            ...['encode', ...clips, ...options, '--progress', 'none', '--force'],
            ...['-o', join(this.#folder, 'out/')],
        );
        const seconds = (performance.now() - started) / 1000;
        clearInterval(timer);
        const after = cpuSeconds(this.#child.pid);
        const daemonCpuSeconds = after.own - before.own;
        const total = command.cpuSeconds + daemonCpuSeconds + programs.seconds;
        const jobs = JSON.parse((await this.#run('jobs', '--json')).stdout);
        await this.#run('remove', ...jobs.map((job) => job.id));
        return { seconds, cpuSeconds: total, daemonCpuSeconds, scratchBytes };
    }

    async stop() {
        await stopServer(this.#child);
        rmSync(this.#folder, { recursive: true, force: true });
    }
}
