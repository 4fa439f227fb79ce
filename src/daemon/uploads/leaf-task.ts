/** What the thread that stores leaves and the thread that receives them say to each other. */
import type { LeafBuffer } from './leaf-buffers.js';

/** A place in an open file, bytes from its beginning. */
export interface FilePlace {
    fd: number;
    position: number;
}

export interface LeafTask {
    /** Repeated in the outcome. */
    id: number;
    /** Moved to the thread, which moves it back with the outcome. */
    buffer: LeafBuffer;
    /** Bytes of the leaf, which begins where the buffer does. */
    length: number;
    /** Where the thread reads its bytes from; undefined where they are in the buffer already. */
    source?: FilePlace | undefined;
    /** Hex digest that the leaf must have, where its sender said it. */
    expected: string | undefined;
    /** Where it goes; undefined for one that is only compared with its digest. */
    target: FilePlace | undefined;
}

export type LeafOutcome = { id: number; buffer: LeafBuffer } & (
    | { kind: 'stored'; digest: Uint8Array<ArrayBuffer> }
    /** It has not the digest that was expected, or its source ends too early; nothing was written. */
    | { kind: 'corrupt' }
    /** Its source could not be read. */
    | { kind: 'unread'; message: string }
    | { kind: 'failed'; code: string | undefined; message: string }
);
