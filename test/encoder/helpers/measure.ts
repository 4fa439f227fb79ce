/** Measures on finished files, independent of the code under test. */
import { binaryOutput, output, programs } from './media.js';

interface StreamSelector {
    /** ffmpeg's arguments in front of the file, e.g. for raw video. */
    inputArguments?: readonly string[];
    path: string;
}

export interface PsnrOptions {
    frames: number;
    filterA?: string;
    filterB?: string;
}

/**
 * PSNR of the planes of each frame of `a` against the frame of the same number of `b`, in dB; NaN
 * for planes that the pictures have not.
 */
export async function planePsnrByFrame(
    a: StreamSelector,
    b: StreamSelector,
    options: PsnrOptions,
): Promise<Record<'y' | 'u' | 'v', number>[]> {
    const number = 'settb=1/1000,setpts=N';
    const branch = (input: number, filter: string | undefined, label: string): string =>
        `[${input}:v:0]${filter ? `${filter},` : ''}trim=end_frame=${options.frames},${number}[${label}]`;
    const text = await output(programs.ffmpeg, [
        ...['-v', 'error', '-nostdin'],
        ...[...(a.inputArguments ?? []), '-i', a.path],
        ...[...(b.inputArguments ?? []), '-i', b.path],
        '-filter_complex',
        `${branch(0, options.filterA, 'a')};${branch(1, options.filterB, 'b')};` +
            `[a][b]psnr=stats_file=-`,
        ...['-fps_mode', 'passthrough', '-f', 'null', '-'],
    ]);
    const decibels = (value: string | undefined): number =>
        value === 'inf' ? Number.POSITIVE_INFINITY : Number(value);
    return [
        ...text.matchAll(/ psnr_y:([\d.]+|inf)(?: psnr_u:([\d.]+|inf) psnr_v:([\d.]+|inf))?/g),
    ].map(([, y, u, v]) => ({ y: decibels(y), u: decibels(u), v: decibels(v) }));
}

/** Luma PSNR of each frame of `a` against the frame of the same number of `b`, in dB. */
export async function psnrByFrame(
    a: StreamSelector,
    b: StreamSelector,
    options: PsnrOptions,
): Promise<number[]> {
    return (await planePsnrByFrame(a, b, options)).map(({ y }) => y);
}

/** Times of all frames that a decoder shows, in seconds, in the order of display. */
export async function frameTimes({ inputArguments = [], path }: StreamSelector): Promise<number[]> {
    const text = await output(programs.ffprobe, [
        ...['-v', 'error', ...inputArguments, '-select_streams', 'v:0'],
        ...['-show_entries', 'frame=best_effort_timestamp_time', '-of', 'csv=p=0', path],
    ]);
    return text
        .split('\n')
        .map((line) => line.split(',')[0] ?? '')
        .filter((field) => field !== '')
        .map(Number);
}

/** Times of the packets of the first audio stream from zero on, in seconds. */
export async function packetTimes(path: string): Promise<number[]> {
    const text = await output(programs.ffprobe, [
        ...['-v', 'error', '-select_streams', 'a:0'],
        ...['-show_entries', 'packet=pts_time', '-of', 'csv=p=0', path],
    ]);
    return text
        .split('\n')
        .map((line) => line.split(',')[0] ?? '')
        .filter((field) => field !== '' && Number(field) >= 0)
        .map(Number);
}

export interface ProbedStream {
    codec_type: string;
    codec_name: string;
    codec_tag_string: string;
    width?: number;
    height?: number;
    field_order?: string;
    time_base: string;
    start_time?: string;
    duration?: string;
    sample_aspect_ratio?: string;
    color_range?: string;
    color_space?: string;
    color_transfer?: string;
    color_primaries?: string;
    tags?: Record<string, string>;
    disposition?: Record<string, number>;
}

export interface Probed {
    streams: ProbedStream[];
    chapters: { start_time: string; end_time: string; tags?: Record<string, string> }[];
    format: { start_time?: string; duration?: string; tags?: Record<string, string> };
}

export async function probeFile(path: string): Promise<Probed> {
    const text = await output(programs.ffprobe, [
        ...['-v', 'error', '-show_streams', '-show_format', '-show_chapters', '-of', 'json', path],
    ]);
    return JSON.parse(text) as Probed;
}

const RATE = 8000;

/** Sound as mono samples from the file's time zero on, at 8 kHz. */
async function samples(path: string, track: number): Promise<Int16Array> {
    const bytes = await binaryOutput(programs.ffmpeg, [
        ...['-v', 'error', '-nostdin', '-copyts', '-i', path, '-map', `0:a:${track}`],
        ...['-af', `aresample=async=1:min_hard_comp=0.01:first_pts=0,aresample=${RATE}`],
        ...['-ac', '1', '-f', 's16le', '-'],
    ]);
    return new Int16Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 2));
}

/**
 * By how many seconds the sound of `b` comes later than that of `a` at a moment on the clocks
 * `a - startA` and `b`, by cross-correlation over half a second.
 */
export async function audioLag(
    a: { path: string; startSeconds?: number },
    b: { path: string },
    moments: readonly number[],
    track = 0,
): Promise<number[]> {
    const [soundA, soundB] = [await samples(a.path, track), await samples(b.path, track)];
    const length = RATE / 2;
    const reach = RATE / 5;
    return moments.map((moment) => {
        const startA = Math.round((moment + (a.startSeconds ?? 0)) * RATE);
        const startB = Math.round(moment * RATE);
        let best = { lag: 0, score: Number.NEGATIVE_INFINITY };
        for (let lag = -reach; lag <= reach; lag++) {
            let score = 0;
            for (let i = 0; i < length; i++) {
                score += (soundA[startA + i] ?? 0) * (soundB[startB + lag + i] ?? 0);
            }
            if (score > best.score) best = { lag, score };
        }
        if (best.score <= 0) throw new Error(`no sound at ${moment} s`);
        return best.lag / RATE;
    });
}
