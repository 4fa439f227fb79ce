// The ways to bring a file from one place of a disk to another that are compared. Each takes the
// file and a folder that is empty, and gives the seconds and where the file has arrived.
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Kvz } from './kvz.mjs';
import {
    peakMemoryBytes,
    processorSeconds,
    runProgram,
    startServer,
    stopServer,
} from './process.mjs';
import { MIB } from './stats.mjs';

/** Bytes of a chunk in both upload protocols. */
export const CHUNK_BYTES = 8 * MIB;

const script = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * `finish` is called the moment the clock has stopped, with the path of what arrived, while the
 * servers still run.
 * @typedef {(arrived: string) => Promise<void>} Finish
 */

/** @param {Finish} finish */
export async function copyFile(path, folder, finish) {
    mkdirSync(folder, { recursive: true });
    const target = join(folder, basename(path));
    const { seconds } = await runProgram('cp', [path, target]);
    await finish(target);
    rmSync(folder, { recursive: true });
    return { seconds };
}

const timeOf = (line) => Date.parse(line.time);

/**
 * From the approval until the job is queued: all bytes are stored, each leaf and the root compared
 * with the file id. Hashing comes before that and is told of by itself.
 * @param {boolean} localCopy whether the daemon reads the file itself; else it is sent over HTTP
 */
const uploadWithKvz = (localCopy) => async (path, folder, /** @type {Finish} */ finish) => {
    const kvz = await Kvz.start(folder, { localCopy });
    try {
        const before = kvz.processorSeconds();
        const { lines, seconds: wholeSeconds } = await kvz.encode(path);
        const serverSeconds = kvz.processorSeconds() - before;
        const hashing = lines.filter(({ event }) => event === 'hash');
        const approved = lines.find(({ event }) => event === 'handshake');
        const queued = lines.find(({ event, state }) => event === 'job' && state === 'queued');
        if (approved?.status !== 'approved' || !queued || hashing.length < 2) {
            throw new Error(`the upload did not go its way: ${JSON.stringify(lines)}`);
        }
        const { size } = statSync(path);
        await finish(kvz.sources().find((source) => statSync(source).size === size));
        const { state } = await kvz.job(queued.jobId);
        if (state !== 'queued') throw new Error(`the job went on to ${state} and disturbed`);
        return {
            seconds: (timeOf(queued) - timeOf(approved)) / 1000,
            hashSeconds: (timeOf(hashing.at(-1)) - timeOf(hashing[0])) / 1000,
            wholeSeconds,
            serverSeconds,
            memoryBytes: kvz.peakMemoryBytes(),
        };
    } finally {
        await kvz.stop();
    }
};

/** What the command does with a daemon of the same user on the same machine. */
export const readByKvz = uploadWithKvz(true);
/** What it does with any other. */
export const sendToKvz = uploadWithKvz(false);

/**
 * A server script in one process and a client script in another. The server is given the folder and
 * says its address; the client is given that, the file and the size of a chunk, and says the
 * seconds from the start of its upload until that has succeeded.
 * @param {(said: object) => string} arrivedAs name of what has arrived, from what the client said
 */
const uploadWithScripts = (name, arrivedAs) =>
    async function upload(path, folder, /** @type {Finish} */ finish) {
        mkdirSync(folder, { recursive: true });
        const { child, line: address } = await startServer(process.execPath, [
            script(`${name}-server.mjs`),
            folder,
        ]);
        try {
            const { stdout } = await runProgram(process.execPath, [
                script(`${name}-client.mjs`),
                ...[address, path, String(CHUNK_BYTES)],
            ]);
            const serverSeconds = processorSeconds(child.pid);
            const said = JSON.parse(stdout);
            await finish(join(folder, arrivedAs(said)));
            return {
                seconds: said.seconds,
                serverSeconds,
                memoryBytes: peakMemoryBytes(child.pid),
            };
        } finally {
            await stopServer(child);
            rmSync(folder, { recursive: true });
        }
    };

export const uploadWithTus = uploadWithScripts('tus', ({ url }) => basename(url));
/** What loopback, SHA-256 and writing cost with node:http, and nothing else. */
export const uploadBare = uploadWithScripts('bare', () => 'arrived');
