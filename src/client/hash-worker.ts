/**
 * Hashes blocks of a file in a worker thread. The threads of one file take blocks in turn from a
 * shared counter and write the digests to shared memory, so nothing is sent back and forth.
 */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { LEAF_BYTES } from '../protocol/limits.js';
import { BLOCK_LEAVES, CONTROL, type HashTask } from './hash-task.js';

const { fd, sizeBytes, digests, control } = workerData as HashTask;
const counters = new Int32Array(control);
const output = new Uint8Array(digests);
const block = Buffer.allocUnsafeSlow(BLOCK_LEAVES * LEAF_BYTES);
const blocks = Math.ceil(sizeBytes / block.length);

/** @returns whether the block was there in full */
function hashBlock(index: number): boolean {
    const offset = index * block.length;
    const length = Math.min(block.length, sizeBytes - offset);
    for (let filled = 0; filled < length;) {
        const read = readSync(fd, block, filled, length - filled, offset + filled);
        if (read === 0) return false;
        filled += read;
    }
    for (let leaf = 0; leaf * LEAF_BYTES < length; leaf++) {
        const end = Math.min(length, (leaf + 1) * LEAF_BYTES);
        const digest = createHash('sha256')
            .update(block.subarray(leaf * LEAF_BYTES, end))
            .digest();
        output.set(digest, (index * BLOCK_LEAVES + leaf) * digest.length);
    }
    return true;
}

while (Atomics.load(counters, CONTROL.stop) === 0) {
    const index = Atomics.add(counters, CONTROL.nextBlock, 1);
    if (index >= blocks) break;
    if (!hashBlock(index)) {
        Atomics.store(counters, CONTROL.short, 1);
        Atomics.store(counters, CONTROL.stop, 1);
    }
    Atomics.add(counters, CONTROL.doneBlocks, 1);
}
