import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8 from spending as much time on the memory of an upload as the upload takes itself.
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
}
