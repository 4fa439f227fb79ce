/** What a job's programs said, one text file for each job, for `kvz-cloud logs`. */
import { createWriteStream, type WriteStream } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { Folders } from '../folders.js';

/** For one attempt: what a person reads, and a program that babbles cannot fill the disk. */
const MAX_LOG_BYTES = 1024 * 1024;
/** Lines of it that a client is told. */
const MAX_LINES_SENT = 1000;

const fileOf = (folders: Folders, jobId: string): string => join(folders.jobLogs, `${jobId}.log`);

export class JobLog {
    readonly #stream: WriteStream;
    readonly #ended: Promise<void>;
    #bytes = 0;

    /** Continues the log of a job; each attempt adds to it. */
    constructor(folders: Folders, jobId: string) {
        this.#stream = createWriteStream(fileOf(folders, jobId), { flags: 'a', mode: 0o600 });
        // A log that cannot be written must not end the job, nor hold it up.
        this.#ended = finished(this.#stream).catch(() => undefined);
    }

    write(source: string, line: string): void {
        const text = `${new Date().toISOString()} ${source}: ${line}\n`;
        this.#bytes += Buffer.byteLength(text);
        if (this.#bytes <= MAX_LOG_BYTES) this.#stream.write(text);
    }

    async close(): Promise<void> {
        this.#stream.end();
        await this.#ended;
    }
}

/** The last lines of a job's log; none when it has not run. */
export async function readJobLog(folders: Folders, jobId: string): Promise<string[]> {
    try {
        const text = await readFile(fileOf(folders, jobId), 'utf8');
        return text.split('\n').slice(0, -1).slice(-MAX_LINES_SENT);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
    }
}

export async function removeJobLog(folders: Folders, jobId: string): Promise<void> {
    await rm(fileOf(folders, jobId), { force: true });
}
