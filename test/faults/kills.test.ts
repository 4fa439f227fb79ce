/**
 * kill -9 of anything at any time: the daemon, a job's ffmpeg, a job's kvazaar, a client. What was
 * accepted ends, and nothing is left over.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { frameTimes } from '../encoder/helpers/measure.js';
import { naming, programOf } from '../helpers/programs.js';
import { evidenceOf } from './helpers/evidence.js';
import { EncodeProcess } from './helpers/process.js';
import { faultCount, testRandom, type Random } from './helpers/random.js';
import { newScene, type Scene } from './helpers/scene.js';
import { writeSource, type Source } from './helpers/source.js';

const KILLS = faultCount(6);
const CLIENTS = 3;
/** Longest wait between two kills: a client starts, sends and is encoded for in about this time. */
const BETWEEN_MS = 1_500;
/** How long a program is looked for before something else is chosen. */
const SEARCH_MS = 3_000;
const VICTIMS = ['daemon', 'ffmpeg', 'kvazaar', 'client'] as const;
type Victim = (typeof VICTIMS)[number];

interface Request {
    source: Source;
    output: string;
    client: EncodeProcess;
}

class Kills {
    readonly counts: Record<Victim, number> = { daemon: 0, ffmpeg: 0, kvazaar: 0, client: 0 };
    readonly requests: Request[] = [];
    readonly #scene: Scene;
    readonly #random: Random;

    constructor(scene: Scene, random: Random) {
        this.#scene = scene;
        this.#random = random;
    }

    /** Keeps so many clients at work, each with a file of its own. */
    keepBusy(): void {
        const running = this.requests.filter(({ client }) => !client.hasEnded).length;
        for (let missing = CLIENTS - running; missing > 0; missing -= 1) {
            const name = `clip${this.requests.length}`;
            const path = join(this.#scene.home.outputs, `${name}.yuv`);
            const source = writeSource(path, 3 + this.#random.below(5), this.#random);
            const output = `${name}.mkv`;
            this.requests.push({ source, output, client: this.encode(source, output) });
        }
    }

    encode(source: Source, output: string): EncodeProcess {
        const options = ['--preset', 'medium', '--no-logo', '--no-start', '--json', '-o', output];
        const { home } = this.#scene;
        return new EncodeProcess(['encode', source.path, ...source.rawOptions, ...options], {
            env: home.env,
            cwd: home.outputs,
        });
    }

    /** @returns false when what was chosen was not to be found */
    async killOne(): Promise<boolean> {
        const victim = VICTIMS[this.#random.below(VICTIMS.length)] ?? 'daemon';
        const isKilled = await this.#kill(victim);
        if (isKilled) this.counts[victim] += 1;
        return isKilled;
    }

    /** @returns false when there was none to kill */
    async #kill(victim: Victim): Promise<boolean> {
        const { daemon } = this.#scene;
        switch (victim) {
            case 'daemon':
                await daemon.kill();
                await daemon.start();
                return true;
            case 'client': {
                const living = this.requests.filter(({ client }) => !client.hasEnded);
                const chosen = living[this.#random.below(living.length)];
                await chosen?.client.end('SIGKILL');
                return chosen !== undefined;
            }
            case 'ffmpeg':
            case 'kvazaar': {
                const searchedUntil = Date.now() + SEARCH_MS;
                let program = programOf(daemon.pid, victim);
                while (!program && Date.now() < searchedUntil) {
                    this.keepBusy();
                    await delay(20);
                    program = programOf(daemon.pid, victim);
                }
                if (!program) return false;
                // It may have ended by itself just now: then this was no kill.
                return hit(program.pid);
            }
        }
    }
}

function hit(pid: number): boolean {
    try {
        return process.kill(pid, 'SIGKILL');
    } catch {
        return false;
    }
}

/** Why a job may fail here: what was done to it, often enough. */
function isTrueReason(text: string | null): boolean {
    if (text === null) return false;
    const { code, signal } = JSON.parse(text) as { code: string; signal?: string };
    return code === 'DAEMON_CRASHED' || signal === 'SIGKILL';
}

it(
    `everything accepted ends although ${KILLS} processes are killed`,
    async () => {
        const random = testRandom('kills');
        const scene = await newScene({ settings: { workers: 2, retryDelay: 1 } });
        const { daemon, home } = scene;
        const kills = new Kills(scene, random);
        for (let left = KILLS; left > 0;) {
            kills.keepBusy();
            await delay(random.below(BETWEEN_MS));
            if (await kills.killOne()) left -= 1;
        }

        // What was killed with its client goes on with the next one.
        for (const { source, output, client } of kills.requests) {
            let { status } = await client.ended;
            if (status !== 0) ({ status } = await kills.encode(source, output).ended);
            // One that failed for the kills is new again.
            if (status !== 0) ({ status } = await kills.encode(source, output).ended);
            expect(status).toBe(0);
            const path = join(home.outputs, output);
            expect(await frameTimes({ path })).toHaveLength(source.frames);
        }

        await daemon.repaired();
        const { jobs, uploads, files, leafRows, integrity } = evidenceOf(scene);
        const wrong = jobs.filter(
            ({ state, failure }) =>
                state !== 'ready' && !(state === 'failed' && isTrueReason(failure)),
        );
        expect(wrong).toEqual([]);
        expect(uploads.filter(({ state }) => state === 'open')).toEqual([]);
        expect([leafRows, integrity]).toEqual([0, 'ok']);
        expect(files.work).toEqual([]);
        expect(files.sources).toHaveLength(kills.requests.length);
        expect(files.results).toHaveLength(kills.requests.length);
        expect(await daemon.stop()).toBe(0);
        expect(naming(daemon.dataDir)).toEqual([]);
        const failed = jobs.filter(({ state }) => state === 'failed').length;
        const ready = jobs.length - failed;
        process.stderr.write(
            `kills: ${JSON.stringify(kills.counts)}; ${kills.requests.length} files, ` +
                `${ready} jobs ready, ${failed} failed for the kills\n`,
        );
    },
    60_000 + KILLS * 10_000,
);
