/** What `kvz-cloud daemon logs` does. */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { fileProblem } from '../../config/file-problem.js';
import { KvzError } from '../../protocol/errors.js';
import { sleep } from '../../backoff.js';
import { daemonLogFile } from '../../client/local-daemon.js';
import type { CliContext } from '../context.js';
import { interruptible } from '../interrupt.js';

/** The most that is read of the end of a log, bytes. */
const TAIL_BYTES = 4 * 1024 * 1024;
const FOLLOW_INTERVAL_MS = 300;

async function readFrom(handle: FileHandle, offset: number, length: number): Promise<string> {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await handle.read(buffer, 0, length, offset);
    return buffer.subarray(0, bytesRead).toString('utf8');
}

/** The last `count` lines of a text. */
function lastLines(text: string, count: number): string[] {
    const lines = text.split('\n');
    if (lines.at(-1) === '') lines.pop();
    return count === 0 ? [] : lines.slice(-count);
}

export async function showDaemonLog(
    context: CliContext,
    flags: { lines: number; follow?: boolean },
): Promise<void> {
    const path = daemonLogFile(context.paths.logDir);
    let handle: FileHandle;
    try {
        handle = await open(path, 'r');
    } catch (error) {
        throw new KvzError('USAGE', `${path}: ${fileProblem(error)}`, { cause: error });
    }
    try {
        let { size } = await handle.stat();
        const from = Math.max(0, size - TAIL_BYTES);
        const tail = await readFrom(handle, from, size - from);
        lastLines(tail, flags.lines).forEach((line) => context.print(line));
        if (!flags.follow) return;
        await interruptible(async (signal) => {
            for (;;) {
                await sleep(FOLLOW_INTERVAL_MS, signal);
                const { size: now } = await handle.stat();
                // A log that was emptied starts again.
                if (now < size) size = 0;
                if (now > size) process.stdout.write(await readFrom(handle, size, now - size));
                size = now;
            }
        });
    } finally {
        await handle.close();
    }
}
