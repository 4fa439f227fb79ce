/** What goes into an encode and what comes out of it: the types of the library's interface. */
import type { FrameStatistics, FrameType } from './frame-statistics.js';
import type { KvazaarOptions } from './kvazaar/options.js';
import type { Limits } from './limits.js';
import type { ProgramName, Programs } from './programs.js';

/** A fraction, e.g. 30000/1001 frames per second. Both parts are positive integers. */
export interface Rational {
    num: number;
    den: number;
}

export const CONTAINERS = ['hevc', 'mp4', 'mkv'] as const;
/** `hevc` is the bare elementary stream: no timestamps, no audio. */
export type Container = (typeof CONTAINERS)[number];

/** Bits per sample that are coded: those of an 8-bit build of kvazaar, whatever the source has. */
export const CODED_BITS = 8;

/** What raw video cannot say about itself. */
export interface RawFormat {
    /** In pixels. */
    width: number;
    height: number;
    /** Frames per second. */
    fps: Rational;
    /** ffmpeg's name of a pixel format or an alias: `yuv420p`, `i420`, `nv12`, `420p10` … */
    pixelFormat: string;
}

/** A source that is still on its way to its path. */
export interface Arrival {
    /** Of the whole file, bytes. */
    readonly sizeBytes: number;
    /** How many are here, from the beginning. The watchdog takes it for a sign of life. */
    readonly bytes: number;
    /** Whether the whole file is at the input's path, and is what it should be. */
    readonly isComplete: boolean;
    /**
     * Some of the bytes from `offset` on, as soon as there are any. At the end of the file there
     * are none: it resolves when the file is complete.
     * @throws the signal's reason; whatever kept the rest from arriving
     */
    read(offset: number, signal: AbortSignal): Promise<Uint8Array>;
}

export type JobInput = {
    path: string;
    /** Of a file that is not all there yet; it is encoded while it comes, where that is possible. */
    arrival?: Arrival;
} & ({ kind: 'container' } | { kind: 'raw'; raw: RawFormat });

/** How long the logo is shown where a job does not say. */
export const DEFAULT_LOGO_SECONDS = 1;

export interface LogoOptions {
    enabled: boolean;
    /**
     * How long it is shown, in seconds; default {@link DEFAULT_LOGO_SECONDS}. Above 0 it is one frame
     * at least, and over 60 it is 60; 0 leaves it out.
     */
    seconds?: number;
    /** An image of one's own; default: the project's logo. */
    path?: string;
}

export interface EncodeJob {
    programs: Programs;
    input: JobInput;
    container: Container;
    /** Written only when the result is complete and verified: a rename is the last step. */
    outputPath: string;
    /**
     * An empty folder that belongs to the job. `encode()` leaves nothing in it, on success and on
     * failure; the caller removes it. On the same file system as `outputPath` the last step is a
     * rename, else a copy.
     */
    workDir: string;
    /** As `parseKvazaarOptions()` makes them. */
    options: KvazaarOptions;
    logo: LogoOptions;
    /**
     * Threads that kvazaar may use, 0 (all in the main thread) or more; a function is asked when
     * kvazaar starts.
     */
    threads: number | (() => number);
    limits: Limits;
    /**
     * Refuse sources that cannot be kept as they are: those that lose something because this
     * kvazaar codes 8 bits, and those that are damaged or cut off; default: false, which tells of
     * it in notes.
     */
    strict?: boolean;
    /** Make progressive frames of interlaced ones, one of each; default: false. */
    deinterlace?: boolean;
    /**
     * `ends` (the default): the first and last frames of the result are decoded. `all`: every
     * frame is, and compared with the MD5 hash that kvazaar then writes for each picture.
     */
    verify?: 'ends' | 'all';
    /** `auto` (the default): programs run in bubblewrap where it works. */
    sandbox?: 'auto' | 'off';
    /** Lowers the priority of the programs, 0 (the default) to 19. */
    niceness?: number;
    signal?: AbortSignal;
    onEvent?: (event: EncodeEvent) => void;
}

export const ENCODE_PHASES = ['probing', 'encoding', 'packaging'] as const;
export type EncodePhase = (typeof ENCODE_PHASES)[number];

/** Average PSNR of the planes in dB; 999.99 where nothing was lost. */
export interface Psnr {
    y: number;
    u: number;
    v: number;
}

/** How far the encoder is. At most about four per second, and always one for the last frame. */
export interface ProgressEvent {
    type: 'progress';
    /** Frames encoded so far, logo frames included. */
    frame: number;
    /** Frames expected in total, logo frames included; undefined when the source does not say. */
    frames?: number;
    /** Frames encoded per second of wall time. */
    fps: number;
    /** 0 to 100; undefined when `frames` is. */
    percent?: number;
    etaSeconds?: number;
    /** Bitrate of the video so far in bits per second. */
    bitrateBps?: number;
    /** Mean size of a frame over equal stretches of the frames so far, in coding order; bytes. */
    frameBytes?: number[];
    /** Averages so far; undefined when PSNR is switched off. */
    psnr?: Psnr;
}

export type EncodeEvent =
    | { type: 'phase'; phase: EncodePhase }
    | ProgressEvent
    /** Something that the user should know: what was changed, lost or left out. */
    | { type: 'note'; message: string }
    /** One line of a program's output, for the job's log; frame lines are not repeated here. */
    | { type: 'log'; source: ProgramName | 'encoder'; line: string };

export interface AudioTrackResult {
    /** Index of the stream in the source. */
    sourceIndex: number;
    /** Codec in the source, ffmpeg's name. */
    codec: string;
    /** `copied`, `encoded` to AAC, or `dropped` (see the notes). */
    treatment: 'copied' | 'encoded' | 'dropped';
    language?: string;
}

export interface EncodeResult {
    /** Frames in the result, logo frames included. */
    frames: number;
    sourceFrames: number;
    logoFrames: number;
    /** Duration of the video in the result in seconds, logo included. */
    durationSeconds: number;
    width: number;
    height: number;
    /** Nominal frame rate. */
    fps: Rational;
    inputBytes: number;
    outputBytes: number;
    /** Bitrate of the video stream in bits per second. */
    bitrateBps: number;
    /** Averages over all frames; undefined when PSNR is switched off. */
    psnr?: Psnr;
    /** The frame with the lowest luma PSNR: its dB and its number in coding order, from 0. */
    worstPsnr?: { y: number; frame: number };
    framesByType: Record<FrameType, number>;
    /** Wall time of the encoding phase in seconds. */
    encodeSeconds: number;
    /** How much of it there was nothing to decode, as the source was still on its way. */
    sourceWaitSeconds: number;
    /** Frames per second of wall time in the encoding phase. */
    encodeFps: number;
    audioTracks: AudioTrackResult[];
    notes: string[];
    /** One record for each frame in coding order. */
    frameStatistics: FrameStatistics;
}
