/**
 * A pipe from a program that is read in gulps. What a program says of each frame it writes without
 * a buffer, ffmpeg in eight pieces and kvazaar in ten, and node wakes up for each piece that comes
 * through a pipe of its own making; that took most of the daemon's time during an encode.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findOnPath } from './find-on-path.js';

/** How long what is said waits: shorter the more is said, so that no pipe gets full. */
const SHORTEST_WAIT_MS = 10;
const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 100;

/** All that a pipe holds on Linux; one that is full makes its program wait (pipe(7)). */
const GULP_BYTES = 64 * 1024;

/** So much of a pipe is to be full when it is read: what comes next may be said four times as fast. */
const WANTED_BYTES = GULP_BYTES / 4;

/** A program that has ended left no more than a full pipe. */
const MAX_LAST_GULPS = 4;

/**
 * For the end that is read: programs may write to the folder, too, so nothing else is followed,
 * waited for or taken for the pipe.
 */
const READ_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

const gulp = Buffer.allocUnsafe(GULP_BYTES);

/** All pipes are read at the same moments, so that more of them wake nobody more often. */
const open = new Set<GulpPipe>();
let timer: NodeJS.Timeout | undefined;
let waitMs = FIRST_WAIT_MS;

export class GulpPipe {
    /** For the program; `start()` closes it here. */
    readonly writeEnd: number;
    readonly #readEnd: number;
    #onData: (chunk: Buffer) => void = () => undefined;

    private constructor(readEnd: number, writeEnd: number) {
        this.#readEnd = readEnd;
        this.writeEnd = writeEnd;
    }

    /**
     * @param folder where the pipe has its name for some milliseconds, one that is emptied also
     *     after this process was killed: the job's
     * @returns undefined where there can be none: `mkfifo` is the only way to a pipe that node does
     *     not read by itself
     */
    static async open(folder: string): Promise<GulpPipe | undefined> {
        const mkfifo = await findOnPath('mkfifo');
        if (!mkfifo) return undefined;
        const path = join(folder, `stderr-${randomBytes(8).toString('hex')}`);
        try {
            await promisify(execFile)(mkfifo, ['-m', '600', path]);
            return GulpPipe.#openEnds(path);
        } catch {
            // A file system without pipes, say. The program is read as any other.
            return undefined;
        } finally {
            await rm(path, { force: true }).catch(() => undefined);
        }
    }

    /** In this order neither end waits for the other. */
    static #openEnds(path: string): GulpPipe {
        const readEnd = openSync(path, READ_FLAGS);
        try {
            if (!fstatSync(readEnd).isFIFO()) throw new Error(`${path} is no pipe`);
            // The very pipe, whatever has its name by now.
            return new GulpPipe(readEnd, openSync(`/proc/self/fd/${readEnd}`, constants.O_WRONLY));
        } catch (error) {
            closeSync(readEnd);
            throw error;
        }
    }

    /** Called once the program has its end. @param onData gets a buffer that is used again */
    start(onData: (chunk: Buffer) => void): void {
        closeSync(this.writeEnd);
        this.#onData = onData;
        open.add(this);
        // Nobody knows yet how much this one says.
        waitMs = Math.min(waitMs, FIRST_WAIT_MS);
        timer ??= setTimeout(readAll, waitMs);
    }

    /** Called instead of `start()` when there is no program after all. */
    abandon(): void {
        closeSync(this.writeEnd);
        closeSync(this.#readEnd);
    }

    /** @returns how many bytes there were to read */
    read(): number {
        try {
            const length = readSync(this.#readEnd, gulp);
            if (length > 0) this.#onData(gulp.subarray(0, length));
            return length;
        } catch (error) {
            if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0;
            throw error;
        }
    }

    /** Called when the program has ended: reads what it has left. */
    finish(): void {
        open.delete(this);
        for (let gulps = 0; gulps < MAX_LAST_GULPS && this.read() > 0; gulps++);
        closeSync(this.#readEnd);
        if (open.size > 0) return;
        clearTimeout(timer);
        timer = undefined;
        waitMs = FIRST_WAIT_MS;
    }
}

function readAll(): void {
    let most = 0;
    for (const pipe of open) most = Math.max(most, pipe.read());
    waitMs = nextWaitMs(waitMs, most);
    timer = setTimeout(readAll, waitMs);
}

/**
 * When to read again, in ms.
 * @param waitedMs the wait before this reading
 * @param bytes in the fullest pipe after it
 */
export function nextWaitMs(waitedMs: number, bytes: number): number {
    // At most twice as long: a program that has just begun is about to say more.
    const factor = Math.min(2, WANTED_BYTES / Math.max(1, bytes));
    return Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, waitedMs * factor));
}
