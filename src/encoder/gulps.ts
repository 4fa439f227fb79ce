/**
 * A pipe from a program that is read in gulps. What a program says of each frame it writes without
 * a buffer, ffmpeg in eight pieces and kvazaar in ten, and node wakes up for each piece that comes
 * through a pipe of its own making; that took most of the daemon's time during an encode.
 */
import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findOnPath } from './find-on-path.js';

/** What is said waits for this long at most. */
const GULP_INTERVAL_MS = 20;

/** All that a pipe holds on Linux; one that is full makes its program wait (pipe(7)). */
const GULP_BYTES = 64 * 1024;

/** A program that has ended left no more than a full pipe. */
const MAX_LAST_GULPS = 4;

const gulp = Buffer.allocUnsafe(GULP_BYTES);

/** All pipes are read at the same moments, so that more of them wake nobody more often. */
const open = new Set<GulpPipe>();
let timer: NodeJS.Timeout | undefined;

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
     * @returns undefined where there is no `mkfifo`, the only way to a pipe that node does not
     * read by itself
     */
    static async open(): Promise<GulpPipe | undefined> {
        const mkfifo = await findOnPath('mkfifo');
        if (!mkfifo) return undefined;
        // Not in the work folder: programs may write there.
        const folder = await mkdtemp(join(tmpdir(), 'kvz-pipe-'));
        try {
            const path = join(folder, 'pipe');
            await promisify(execFile)(mkfifo, ['-m', '600', path]);
            // In this order neither waits for the other end.
            const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
            return new GulpPipe(readEnd, openSync(path, constants.O_WRONLY));
        } finally {
            await rm(folder, { recursive: true });
        }
    }

    /** Called once the program has its end. @param onData gets a buffer that is used again */
    start(onData: (chunk: Buffer) => void): void {
        closeSync(this.writeEnd);
        this.#onData = onData;
        open.add(this);
        timer ??= setInterval(readAll, GULP_INTERVAL_MS);
    }

    /** Called instead of `start()` when there is no program after all. */
    abandon(): void {
        closeSync(this.writeEnd);
        closeSync(this.#readEnd);
    }

    /** @returns whether there was something to read */
    read(): boolean {
        try {
            const length = readSync(this.#readEnd, gulp);
            if (length > 0) this.#onData(gulp.subarray(0, length));
            return length > 0;
        } catch (error) {
            if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return false;
            throw error;
        }
    }

    /** Called when the program has ended: reads what it has left. */
    finish(): void {
        open.delete(this);
        for (let gulps = 0; gulps < MAX_LAST_GULPS && this.read(); gulps++);
        closeSync(this.#readEnd);
        if (open.size > 0) return;
        clearInterval(timer);
        timer = undefined;
    }
}

function readAll(): void {
    for (const pipe of open) pipe.read();
}
