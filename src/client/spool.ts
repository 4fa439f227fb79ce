/**
 * Files of a command that last as long as it does: stdin on its way in, as an identity needs the
 * whole, and a result on its way to stdout, as only a whole one may be handed on.
 */
import { constants } from 'node:fs';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileProblem } from '../config/file-problem.js';
import { KvzError } from '../protocol/errors.js';

function isAlive(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
}

export class Spool {
    readonly #parent: string;
    readonly #folder: string;

    /** @param cacheDir on a disk with room for videos, which the folder for temporary files may lack */
    constructor(cacheDir: string) {
        this.#parent = join(cacheDir, 'spool');
        this.#folder = join(this.#parent, String(process.pid));
    }

    /** A path in the spool; also removes what commands that were killed have left there. */
    async path(name: string): Promise<string> {
        try {
            await mkdir(this.#folder, { recursive: true, mode: 0o700 });
        } catch (error) {
            throw new KvzError('OUTPUT_UNWRITABLE', `${this.#folder}: ${fileProblem(error)}`);
        }
        for (const entry of await readdir(this.#parent)) {
            const pid = Number(entry);
            if (Number.isInteger(pid) && !isAlive(pid)) {
                await rm(join(this.#parent, entry), { recursive: true, force: true });
            }
        }
        return join(this.#folder, name);
    }

    /**
     * Writes all of a stream to a file.
     * @param onProgress bytes so far
     * @throws KvzError INPUT_UNREADABLE; the signal's reason
     */
    async take(
        stream: AsyncIterable<Buffer>,
        signal: AbortSignal,
        onProgress: (bytes: number) => void,
    ): Promise<string> {
        const path = await this.path('stdin');
        const handle = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY);
        let bytes = 0;
        try {
            for await (const part of abortable(stream, signal)) {
                await handle.writeFile(part);
                bytes += part.length;
                onProgress(bytes);
            }
        } catch (error) {
            signal.throwIfAborted();
            throw new KvzError('INPUT_UNREADABLE', `stdin: ${fileProblem(error)}`, {
                cause: error,
            });
        } finally {
            await handle.close();
        }
        return path;
    }

    async remove(): Promise<void> {
        await rm(this.#folder, { recursive: true, force: true });
    }
}

/** A stream that may be silent for ever can still be left. */
async function* abortable(
    stream: AsyncIterable<Buffer>,
    signal: AbortSignal,
): AsyncGenerator<Buffer> {
    const aborted = new Promise<never>((_, reject) => {
        const leave = (): void => reject(signal.reason as Error);
        if (signal.aborted) leave();
        else signal.addEventListener('abort', leave, { once: true });
    });
    aborted.catch(() => undefined);
    const iterator = stream[Symbol.asyncIterator]();
    for (;;) {
        const next = await Promise.race([iterator.next(), aborted]);
        if (next.done) return;
        yield next.value;
    }
}
