/** MP4: ffmpeg copies the video from an intermediate Matroska file and the rest from the source. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FieldOrder } from './interlacing.js';
import { mergeVideo, metadataArguments } from './matroska.js';
import type { PackageRequest, PackagedResult } from './package.js';
import type { PictureFormat } from './picture.js';
import { sourceArguments } from './input-arguments.js';
import type { ProcessExit } from './process.js';
import { reduce } from './rational.js';
import { muxWhatGoes } from './refused-streams.js';
import { streamArguments } from './streams.js';
import type { StreamPlan } from './streams.js';
import type { Supervisor } from './supervisor.js';
import { ticksToSeconds } from './timestamps.js';
import { fileUrl } from './whitelists.js';

/** Times are 32-bit durations of this unit of a second; finer clocks are rounded to the other. */
const MAX_TIMESCALE = 1_000_000;
const FALLBACK_TIMESCALE = 90_000;

/** ffmpeg's names: both fields are in one picture, the first one is shown first. */
const MP4_FIELD_ORDERS: Readonly<Record<FieldOrder, string>> = { tff: 'tt', bff: 'bb' };

/** Matroska rounds the shape of pixels, so the intermediate file has lost it. */
function aspectArguments({ width, height, sampleAspectRatio }: PictureFormat): string[] {
    const { num, den } = reduce({
        num: width * sampleAspectRatio.num,
        den: height * sampleAspectRatio.den,
    });
    return ['-aspect:v:0', `${num}:${den}`];
}

/** @throws EncodeError PACKAGING_FAILED, or the reason for which the job was stopped */
export async function packageMp4(
    supervisor: Supervisor,
    request: PackageRequest,
    streamPath: string,
): Promise<PackagedResult> {
    const { workDir } = request;
    const videoPath = join(workDir, 'video.mkv');
    const path = join(workDir, 'result.mp4');
    await mergeVideo(supervisor, request, { streamPath, outputPath: videoPath });
    const streams = await muxWhatGoes(
        supervisor,
        request.streams,
        (plan) => writeMp4(supervisor, request, plan, { videoPath, path }),
        'the result could not be put into MP4',
    );
    await rm(videoPath);
    return { path, streams };
}

async function writeMp4(
    supervisor: Supervisor,
    request: PackageRequest,
    streams: StreamPlan,
    { videoPath, path }: { videoPath: string; path: string },
): Promise<ProcessExit> {
    const { timeline, source, input, limits } = request;
    const { den } = timeline.timeBase;
    const timescale = String(den <= MAX_TIMESCALE ? den : FALLBACK_TIMESCALE);
    const startSeconds = ticksToSeconds(timeline.ticks[0] ?? 0, timeline.timeBase);
    const shiftSeconds = ticksToSeconds(timeline.shiftTicks, timeline.timeBase);
    const isContainer = source.kind === 'container';
    return supervisor.run({
        program: 'ffmpeg',
        path: request.programs.ffmpeg,
        args: [
            ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+warning'],
            // ffmpeg moves each input to zero; a video that starts late keeps its start.
            ...['-itsoffset', startSeconds.toFixed(6), '-protocol_whitelist', 'file,pipe'],
            ...['-f', 'matroska', '-i', fileUrl(videoPath)],
            ...(isContainer ? sourceArguments(input, source, limits, shiftSeconds) : []),
            ...['-map', '0:v:0', '-c:v:0', 'copy', '-tag:v:0', 'hvc1'],
            ...aspectArguments(request.picture),
            ...(request.fieldOrder
                ? ['-field_order:v:0', MP4_FIELD_ORDERS[request.fieldOrder]]
                : []),
            ...streamArguments(streams, 1),
            ...streams.covers.flatMap(({ index }, position) => [
                ...['-map', `1:${index}`, `-c:v:${position + 1}`, 'copy'],
                ...[`-disposition:v:${position + 1}`, 'attached_pic'],
            ]),
            ...(isContainer ? metadataArguments(1) : []),
            ...['-video_track_timescale', timescale, '-movie_timescale', timescale],
            // ffmpeg 5 calls FLAC in MP4 an experiment.
            ...['-strict', 'experimental'],
            ...['-movflags', '+faststart', '-f', 'mp4', '-y', path],
        ],
        reads: [input.path],
    });
}
