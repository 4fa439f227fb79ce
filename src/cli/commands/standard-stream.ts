/** Results that go to stdout. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { KvzError } from '../../protocol/errors.js';

/** As an input stdin, as -o stdout. */
export const STANDARD_STREAM = '-';

/** @throws KvzError USAGE where stdout is a terminal, which a video would only upset */
export function refuseTerminal(): void {
    if (!process.stdout.isTTY) return;
    const problem = '-o - writes video to stdout, which is a terminal';
    throw new KvzError('USAGE', `${problem}: send it to a file or a program`);
}

/** Copies a result to stdout and removes its file. @throws KvzError OUTPUT_UNWRITABLE */
export async function copyToStdout(path: string): Promise<void> {
    try {
        await pipeline(createReadStream(path), process.stdout, { end: false });
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const problem = code === 'EPIPE' ? 'its reader has gone' : message;
        throw new KvzError('OUTPUT_UNWRITABLE', `stdout cannot be written: ${problem}`, {
            cause: error,
        });
    } finally {
        await rm(path, { force: true });
    }
}
