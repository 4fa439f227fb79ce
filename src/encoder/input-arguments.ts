/** The arguments with which ffmpeg and ffprobe read an input. */
import type { JobInput } from './job.js';
import type { Limits } from './limits.js';
import type { SourceInfo } from './source-info.js';
import { fileUrl, guardArguments } from './whitelists.js';

/**
 * The source for ffmpeg, on the result's clock, whichever of its streams are used. Left alone,
 * ffmpeg takes the earliest packet for zero, and the run-up of an audio encoder with it.
 * @param offsetSeconds moves that clock
 */
export function sourceArguments(
    input: JobInput,
    { format, runUpSeconds }: SourceInfo,
    limits: Pick<Limits, 'maxPixels' | 'maxStreams'>,
    offsetSeconds = 0,
): string[] {
    // For these formats ffmpeg takes the start of the streams that are used for zero, so that
    // sound and picture read by two processes would be on two clocks. It does so only where no
    // offset was asked for; this one is a tenth of the formats' unit of time, 1/90000 s.
    const isRestarted = /^(?:mpegts|mpeg)$/.test(format);
    const wanted = offsetSeconds - runUpSeconds;
    const offset = wanted === 0 && isRestarted ? 0.000_001 : wanted;
    return [
        ...(offset === 0 ? [] : ['-itsoffset', offset.toFixed(6)]),
        ...inputArguments(input, limits),
    ];
}

/** Options of ffmpeg and ffprobe that make them read the input as what it is, and from where. */
export function inputArguments(
    input: JobInput,
    limits: Pick<Limits, 'maxPixels' | 'maxStreams'>,
): string[] {
    const guards = guardArguments(limits);
    const from = input.arrival ? 'pipe:0' : fileUrl(input.path);
    if (input.kind === 'container') return [...guards, '-i', from];
    const { width, height, fps, pixelFormat } = input.raw;
    return [
        '-protocol_whitelist',
        'file,pipe',
        '-f',
        'rawvideo',
        '-video_size',
        `${width}x${height}`,
        '-framerate',
        `${fps.num}/${fps.den}`,
        '-pixel_format',
        pixelFormat,
        '-i',
        from,
    ];
}

/** The input with ffmpeg's own name of the raw pixel format, as probing found it. */
export function resolvedInput(input: JobInput, { video }: SourceInfo): JobInput {
    if (input.kind === 'container') return input;
    return { ...input, raw: { ...input.raw, pixelFormat: video.pixelFormat } };
}
