/** What the hashing threads share with the thread that started them. */
import { LEAF_BYTES } from '../protocol/limits.js';

/** Leaves of a block, the piece of work that a thread takes at a time. */
export const BLOCK_LEAVES = 4;
export const BLOCK_BYTES = BLOCK_LEAVES * LEAF_BYTES;

/**
 * Indices of the 32-bit counters in {@link HashTask.control}. `stop` set to 1 ends all threads;
 * `short` is 1 when the file has turned out to be shorter than it was.
 */
export const CONTROL = { nextBlock: 0, doneBlocks: 1, stop: 2, short: 3 } as const;
export const CONTROL_BYTES = 4 * Int32Array.BYTES_PER_ELEMENT;

export interface HashTask {
    /** File descriptors belong to the process, so threads can read from the same one. */
    fd: number;
    sizeBytes: number;
    /** 32 bytes for each leaf. */
    digests: SharedArrayBuffer;
    control: SharedArrayBuffer;
}
