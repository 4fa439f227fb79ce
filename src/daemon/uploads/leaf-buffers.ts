/** Memory for leaves: whoever has a buffer owns it, until it is handed on or given back. */
import { LEAF_BYTES } from '../../protocol/limits.js';

/** A leaf's memory and nothing else, so that it can be moved to another thread. */
export type LeafBuffer = Uint8Array<ArrayBuffer>;

/** As many as are in use with two senders, so that no leaf of theirs waits for new memory. */
const MAX_SPARE = 8;
const spare: LeafBuffer[] = [];

/** A buffer of {@link LEAF_BYTES}; what is in it is what the last leaf left there. */
export function takeLeafBuffer(): LeafBuffer {
    return spare.pop() ?? Buffer.allocUnsafeSlow(LEAF_BYTES);
}

/** Gives back a buffer of {@link LEAF_BYTES} that nobody uses any more. */
export function giveLeafBuffer(buffer: LeafBuffer): void {
    if (spare.length < MAX_SPARE) spare.push(buffer);
}
