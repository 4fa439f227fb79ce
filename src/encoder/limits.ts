/** What a job may use at most. Media is untrusted, so every job runs under limits. */

export interface Limits {
    /** Longest source in a container, in seconds of video; raw video is limited by its bytes. */
    durationSeconds: number;
    /** Most pixels in a picture (width x height). */
    maxPixels: number;
    /** Most streams in a container. */
    maxStreams: number;
    /** Longest run time of the whole job in milliseconds. */
    wallClockMs: number;
    /**
     * Longest time in milliseconds without any progress: no frame decoded or encoded, and while
     * packaging no byte written.
     */
    stallMs: number;
    /** Largest result in bytes. */
    outputBytes: number;
    /** Most address space of one process in bytes; 0: no limit. */
    memoryBytes: number;
}

/**
 * What the encoder allows where a job sets no limit. A picture of 8192 x 4320 is one that levels 6
 * to 6.2 still have room for (Rec. ITU-T H.265, table A.8).
 */
export const DEFAULT_LIMITS: Readonly<Limits> = {
    durationSeconds: 30 * 60,
    maxPixels: 8192 * 4320,
    maxStreams: 64,
    wallClockMs: 24 * 60 * 60 * 1000,
    stallMs: 5 * 60 * 1000,
    outputBytes: Number.POSITIVE_INFINITY,
    memoryBytes: 0,
};
