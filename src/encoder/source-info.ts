/** What a source is, as far as its headers say: the types that `probe()` fills. */
import type { Rational } from './job.js';

/** Colour as ffmpeg names it; undefined where the source does not say. */
export interface ColorInfo {
    /** `tv`: luma 16 to 235; `pc`: 0 to 255. */
    range: 'tv' | 'pc' | undefined;
    primaries: string | undefined;
    transfer: string | undefined;
    /** ffmpeg's `color_space`. */
    matrix: string | undefined;
}

export interface VideoInfo {
    /** Index of the stream in the source. */
    index: number;
    codec: string;
    /** Size of the pictures as they are stored, in pixels. */
    codedWidth: number;
    codedHeight: number;
    /** Size after rotation. */
    width: number;
    height: number;
    /** How a player turns the picture, clockwise: 0, 90, 180, 270 or an odd angle. */
    rotationDegrees: number;
    pixelFormat: string;
    /** Bits of a sample; 8 where ffmpeg does not say. */
    bitDepth: number;
    /** Whether the planes of raw video come as Y, V, U. */
    swapsChroma: boolean;
    /** Whether samples are red, green and blue (or a palette of them). */
    isRgb: boolean;
    hasAlpha: boolean;
    /** Unit of the stream's timestamps in seconds, e.g. 1/90000. */
    timeBase: Rational;
    /** Frames per second: the nominal rate where it is constant, else the average. */
    fps: Rational;
    /** Frames that the container declares; undefined where it does not. */
    frames: number | undefined;
    /** When the first picture is shown, in seconds on the source's own clock. */
    startSeconds: number | undefined;
    /** What the container declares for this stream. */
    durationSeconds: number | undefined;
    /** Shape of a pixel, 1:1 where the source does not say. */
    sampleAspectRatio: Rational;
    color: ColorInfo;
    /** Order of fields of interlaced pictures; undefined: progressive or unknown. */
    interlaced: 'tff' | 'bff' | undefined;
    language: string | undefined;
    title: string | undefined;
}

/** Any stream beside the video. */
export interface StreamInfo {
    index: number;
    kind: 'audio' | 'subtitle' | 'attachment' | 'cover' | 'video' | 'data';
    /** ffmpeg's name; `unknown` where it knows none. */
    codec: string;
    language: string | undefined;
    /** Whether an attachment has a file name and a type, without which it cannot be carried. */
    isNamed: boolean;
    startSeconds: number | undefined;
    durationSeconds: number | undefined;
}

export interface SourceInfo {
    kind: 'container' | 'raw';
    sizeBytes: number;
    /** ffmpeg's name of the format, e.g. `mov,mp4,m4a,3gp,3g2,mj2`. */
    format: string;
    /**
     * Zero of the result's clock on the source's own clock, in seconds: the earliest time of any
     * stream, but not before the source's zero, where only the run-up of audio encoders is.
     */
    startSeconds: number;
    /** How much comes before the source's zero, in seconds. */
    runUpSeconds: number;
    /** What the container declares for all streams together. */
    durationSeconds: number | undefined;
    video: VideoInfo;
    /** All other streams, in the order of the source. */
    streams: StreamInfo[];
    chapters: number;
    /**
     * How a format that recorders may rightly leave unfinished ends too early, for people;
     * undefined: it does not, as far as its structure tells.
     */
    endsEarly: string | undefined;
}
