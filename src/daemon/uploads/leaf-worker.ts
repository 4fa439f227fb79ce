/**
 * Reads leaves where that is wanted, hashes and writes them, in a thread of its own: that is most
 * of the work of an upload, and the thread that has all connections to serve stays free for them.
 *
 * Its calls are synchronous. They cost less than those that go through libuv's threads (WebCrypto
 * copies each leaf first), and one writer at a time is all that file systems let at a file anyway.
 */
import { readSync, writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { leafDigest } from '../../protocol/file-id.js';
import type { FilePlace, LeafOutcome, LeafTask } from './leaf-task.js';

/** @returns false when the file ends before */
function readWhole({ fd, position }: FilePlace, bytes: Uint8Array): boolean {
    for (let done = 0; done < bytes.length;) {
        const count = readSync(fd, bytes, done, bytes.length - done, position + done);
        if (count === 0) return false;
        done += count;
    }
    return true;
}

function writeWhole({ fd, position }: FilePlace, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
        done += writeSync(fd, bytes, done, bytes.length - done, position + done);
    }
}

function work({ id, buffer, length, source, expected, target }: LeafTask): LeafOutcome {
    const bytes = buffer.subarray(0, length);
    try {
        if (source && !readWhole(source, bytes)) return { id, buffer, kind: 'corrupt' };
    } catch (error) {
        return { id, buffer, kind: 'unread', message: (error as Error).message };
    }
    try {
        const digest = leafDigest(bytes);
        if (expected !== undefined && digest.toString('hex') !== expected) {
            return { id, buffer, kind: 'corrupt' };
        }
        if (target) writeWhole(target, bytes);
        return { id, buffer, kind: 'stored', digest: new Uint8Array(digest) };
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        return { id, buffer, kind: 'failed', code, message };
    }
}

parentPort?.on('message', (task: LeafTask) => {
    parentPort?.postMessage(work(task), [task.buffer.buffer]);
});
