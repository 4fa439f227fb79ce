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
import { CpuGroup } from './cpu-group.mjs';
import { cpuSeconds, freePort, runProgram, startServer, stopServer } from './process.mjs';

const BIN = fileURLToPath(new URL('../bin/kvz-cloud.js', import.meta.url));
/** How often the scratch space is looked at, where it is asked for: that takes time, too. */
const LOOK_INTERVAL_MS = 200;

export class EncodingKvz {
    #env;
    #child;
    #folder;
    /** The daemon and its programs. */
    #group = new CpuGroup('kvz-bench');

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
        const [program, args] = kvz.#group.wrap(process.execPath, [BIN, 'daemon', 'run']);
        const { child } = await startServer(program, args, { env: kvz.#env });
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

    /**
     * Encodes clips with one command, then forgets them, so that the next turn is the same.
     * @param looksAtScratch whether the most scratch space is to be told, too
     * @returns wall and processor seconds, and the lines of `--json`
     */
    async encode(clips, options, { looksAtScratch = false } = {}) {
        // Else the command would know the clips' ids from the turn before.
        for (const clip of clips) utimesSync(clip, new Date(), new Date());
        const daemonBefore = cpuSeconds(this.#child.pid).own;
        const groupBefore = this.#group.seconds;
        let scratchBytes = 0;
        const look = () => (scratchBytes = Math.max(scratchBytes, this.#scratchBytes()));
        const timer = looksAtScratch ? setInterval(look, LOOK_INTERVAL_MS) : undefined;
        const started = performance.now();
        const command = await this.#run(
            ...['encode', ...clips, ...options, '--json', '--force'],
            ...['-o', join(this.#folder, 'out/')],
        );
        const seconds = (performance.now() - started) / 1000;
        clearInterval(timer);
        const daemonCpuSeconds = cpuSeconds(this.#child.pid).own - daemonBefore;
        const groupSeconds = this.#group.seconds - groupBefore;
        const jobs = JSON.parse((await this.#run('jobs', '--json')).stdout);
        await this.#run('remove', ...jobs.map((job) => job.id));
        return {
            seconds,
            cpuSeconds: command.cpuSeconds + groupSeconds,
            commandCpuSeconds: command.cpuSeconds,
            daemonCpuSeconds,
            programsCpuSeconds: groupSeconds - daemonCpuSeconds,
            scratchBytes,
            lines: command.stdout
                .trim()
                .split('\n')
                .map((line) => JSON.parse(line)),
        };
    }

    async stop() {
        await stopServer(this.#child);
        this.#group.remove();
        rmSync(this.#folder, { recursive: true, force: true });
    }
}
