/** How V8 and the allocator treat the memory of uploads. */
import { setFlagsFromString } from 'node:v8';
import { MessageChannel } from 'node:worker_threads';
import { LEAF_BYTES } from '../../protocol/limits.js';

/** What V8 lets buffers of bodies add up to before it collects them: two semi-spaces of 16 MiB. */
const COLLECTED_AT_ONCE_BYTES = 32 * LEAF_BYTES;

/**
 * Keeps V8 and the allocator from spending as much time on the memory of an upload as the upload
 * takes itself.
 *
 * Bodies come from node:http in buffers of 64 KiB that are garbage once their bytes are in a leaf.
 * V8 counts them against the limit of the old generation, which is only some MiB over what is
 * alive while that is little, and marked the whole heap for each 24 MiB received, although a
 * collection of the young generation frees them all. A limit of four times what is alive (below
 * 20 MiB in a daemon) leaves it at those. They are freed at once and not by a thread of their own,
 * which on a busy machine lags behind and lets memory grow meanwhile.
 */
export function tuneHeapForBodies(): void {
    setFlagsFromString('--heap-growing-percent=300');
    setFlagsFromString('--no-concurrent-array-buffer-sweeping');
    keepFreedMemory();
}

/**
 * Has the allocator keep what a collection frees for the buffers that come next.
 *
 * By default glibc returns what is free at the end of its heap to the system as soon as that is over
 * 128 KiB; the same pages then come back one fault at a time. A large block that is freed raises the
 * limit to twice its size (mallopt(3): M_MMAP_THRESHOLD, M_TRIM_THRESHOLD). Nothing is written to
 * it, so it takes no memory.
 */
function keepFreedMemory(): void {
    const { port1 } = new MessageChannel();
    port1.once('close', () => {
        const block = Buffer.allocUnsafeSlow(COLLECTED_AT_ONCE_BYTES * 0.75);
        // Moved to nobody it is freed now; a collection might come after the first bodies.
        port1.postMessage(undefined, [block.buffer]);
    });
    port1.close();
}
