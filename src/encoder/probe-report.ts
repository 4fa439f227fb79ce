/** From ffprobe's JSON to what the encoder wants to know: no I/O here. */
import * as z from 'zod';
import { EncodeError } from './errors.js';
import type { Rational } from './job.js';
import type { PixelFormat } from './pixel-formats.js';
import { parseRational } from './rational.js';
import type { ColorInfo, SourceInfo, StreamInfo, VideoInfo } from './source-info.js';

const tags = z.record(z.string(), z.string()).default({});

const streamSchema = z.object({
    index: z.number().int(),
    codec_type: z.string().default('unknown'),
    codec_name: z.string().default('unknown'),
    width: z.number().default(0),
    height: z.number().default(0),
    pix_fmt: z.string().optional(),
    color_range: z.string().optional(),
    color_primaries: z.string().optional(),
    color_transfer: z.string().optional(),
    color_space: z.string().optional(),
    field_order: z.string().optional(),
    sample_aspect_ratio: z.string().optional(),
    r_frame_rate: z.string().optional(),
    avg_frame_rate: z.string().optional(),
    time_base: z.string().optional(),
    start_time: z.string().optional(),
    duration: z.string().optional(),
    nb_frames: z.string().optional(),
    bit_rate: z.string().optional(),
    disposition: z.record(z.string(), z.number()).default({}),
    tags,
    side_data_list: z.array(z.object({ rotation: z.number().optional() })).default([]),
});

export const probeSchema = z.object({
    streams: z.array(streamSchema).default([]),
    chapters: z.array(z.unknown()).default([]),
    format: z.object({
        format_name: z.string().default('unknown'),
        start_time: z.string().optional(),
        duration: z.string().optional(),
        tags,
    }),
});

export type ProbeReport = z.infer<typeof probeSchema>;
export type ProbeStream = z.infer<typeof streamSchema>;

/** A number that ffprobe prints as text; undefined for `N/A`. */
function seconds(text: string | undefined): number | undefined {
    const value = Number(text);
    return text !== undefined && Number.isFinite(value) ? value : undefined;
}

/** `DURATION` as Matroska writers keep it in the tags: `00:00:02.966000000`. */
function taggedDuration(stream: ProbeStream): number | undefined {
    const entry = Object.entries(stream.tags).find(([name]) => /^DURATION(-\w+)?$/.test(name));
    const match = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(entry?.[1] ?? '');
    if (!match) return undefined;
    return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
}

function named(text: string | undefined): string | undefined {
    return text === undefined || ['unknown', 'unspecified', 'reserved'].includes(text)
        ? undefined
        : text;
}

function colorOf(stream: ProbeStream, format: PixelFormat | undefined): ColorInfo {
    const range = named(stream.color_range);
    const isFull =
        range === 'pc' ||
        // These say full range by their name.
        (stream.pix_fmt ?? '').startsWith('yuvj') ||
        (range === undefined && format?.isGray === true);
    return {
        range: isFull ? 'pc' : range === 'tv' ? 'tv' : undefined,
        primaries: named(stream.color_primaries),
        transfer: named(stream.color_transfer),
        matrix: named(stream.color_space),
    };
}

const FALLBACK_FPS: Rational = { num: 25, den: 1 };

/** Rates above this are a time base that was taken for a rate. */
const MAX_FPS = 1000;

/**
 * The rate to write into the bitstream. `r_frame_rate` is the least common rate of all
 * timestamps: right for a constant rate, absurd (90000) for a variable one. Where it is within 3 %
 * of the average the rate counts as constant.
 */
function frameRateOf(stream: ProbeStream): Rational {
    const nominal = parseRational(stream.r_frame_rate);
    const average = parseRational(stream.avg_frame_rate);
    const usable = (rate: Rational | undefined): rate is Rational =>
        rate !== undefined && rate.num / rate.den <= MAX_FPS;
    if (usable(nominal) && usable(average)) {
        const ratio = (nominal.num / nominal.den) * (average.den / average.num);
        return ratio > 0.97 && ratio < 1.03 ? nominal : average;
    }
    return [average, nominal].find(usable) ?? FALLBACK_FPS;
}

/** ffprobe names what is coded first and what is shown first, `t`op or `b`ottom. */
const FIELD_ORDERS: Readonly<Record<string, 'tff' | 'bff'>> = {
    tt: 'tff',
    bt: 'tff',
    bb: 'bff',
    tb: 'bff',
};

function videoInfo(stream: ProbeStream, formats: ReadonlyMap<string, PixelFormat>): VideoInfo {
    const rotation = stream.side_data_list.find((data) => data.rotation !== undefined)?.rotation;
    const rotationDegrees = ((-(rotation ?? 0) % 360) + 360) % 360;
    const isTurned = rotationDegrees % 180 === 90;
    const pixelFormat = stream.pix_fmt ?? 'unknown';
    const known = formats.get(pixelFormat);
    const aspect = parseRational(stream.sample_aspect_ratio) ?? { num: 1, den: 1 };
    const frames = Number(stream.nb_frames);
    return {
        index: stream.index,
        codec: stream.codec_name,
        codedWidth: stream.width,
        codedHeight: stream.height,
        width: isTurned ? stream.height : stream.width,
        height: isTurned ? stream.width : stream.height,
        rotationDegrees,
        pixelFormat,
        bitDepth: known?.bitDepth ?? 8,
        swapsChroma: false,
        isRgb: known?.isRgb ?? false,
        hasAlpha: known?.hasAlpha ?? false,
        timeBase: parseRational(stream.time_base) ?? { num: 1, den: 90_000 },
        fps: frameRateOf(stream),
        frames: frames > 0 ? frames : undefined,
        startSeconds: seconds(stream.start_time),
        durationSeconds: seconds(stream.duration) ?? taggedDuration(stream),
        sampleAspectRatio: isTurned ? { num: aspect.den, den: aspect.num } : aspect,
        color: colorOf(stream, known),
        interlaced: FIELD_ORDERS[stream.field_order ?? ''],
        language: stream.tags['language'],
        title: stream.tags['title'],
    };
}

function isPicture(stream: ProbeStream): boolean {
    return stream.codec_type === 'video' && stream.disposition['attached_pic'] !== 1;
}

function otherStream(stream: ProbeStream): StreamInfo {
    const isCover = stream.codec_type === 'video' && !isPicture(stream);
    const kinds = ['audio', 'subtitle', 'attachment', 'video'] as const;
    return {
        index: stream.index,
        kind: isCover ? 'cover' : (kinds.find((kind) => kind === stream.codec_type) ?? 'data'),
        codec: stream.codec_name,
        language: stream.tags['language'],
        isNamed: ['filename', 'mimetype'].every((tag) => stream.tags[tag] !== undefined),
        startSeconds: seconds(stream.start_time),
        durationSeconds: seconds(stream.duration) ?? taggedDuration(stream),
    };
}

/** The video that is encoded: the one marked as default, else the largest, else the first. */
function mainVideo(streams: readonly ProbeStream[]): ProbeStream | undefined {
    const videos = streams.filter(isPicture);
    const weight = (stream: ProbeStream): number =>
        stream.width * stream.height + (stream.disposition['default'] === 1 ? 2 ** 40 : 0);
    return videos.toSorted((a, b) => weight(b) - weight(a))[0];
}

/**
 * @param sizeBytes of the input file
 * @throws EncodeError INPUT_NO_VIDEO
 */
export function sourceInfo(
    report: ProbeReport,
    formats: ReadonlyMap<string, PixelFormat>,
    kind: SourceInfo['kind'],
    sizeBytes: number,
): SourceInfo {
    const main = mainVideo(report.streams);
    if (!main) {
        const kinds = [...new Set(report.streams.map((stream) => stream.codec_type))];
        throw new EncodeError(
            'INPUT_NO_VIDEO',
            kinds.length > 0
                ? `the input has no video stream, only ${kinds.join(', ')}`
                : 'the input has no streams',
        );
    }
    const earliest = seconds(report.format.start_time) ?? 0;
    return {
        kind,
        sizeBytes,
        format: report.format.format_name,
        startSeconds: Math.max(0, earliest),
        runUpSeconds: Math.max(0, -earliest),
        durationSeconds: seconds(report.format.duration),
        video: videoInfo(main, formats),
        streams: report.streams.filter((stream) => stream !== main).map(otherStream),
        chapters: report.chapters.length,
        endsEarly: undefined,
    };
}
