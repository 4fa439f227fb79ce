/** MP4: ffmpeg copies the video from an intermediate Matroska file and the rest from the source. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mergeVideo, metadataArguments } from './matroska.js';
import type { PackageRequest } from './package.js';
import type { PictureFormat } from './picture.js';
import { sourceArguments } from './probe.js';
import { exitError } from './process.js';
import { reduce } from './rational.js';
import { streamArguments } from './streams.js';
import type { Supervisor } from './supervisor.js';
import { ticksToSeconds } from './timestamps.js';
import { fileUrl } from './whitelists.js';

/** Times are 32-bit durations of this unit of a second; finer clocks are rounded to the other. */
const MAX_TIMESCALE = 1_000_000;
const FALLBACK_TIMESCALE = 90_000;

/** Matroska rounds the shape of pixels, so the intermediate file has lost it. */
function aspectArguments({ width, height, sampleAspectRatio }: PictureFormat): string[] {
    const { num, den } = reduce({
        num: width * sampleAspectRatio.num,
        den: height * sampleAspectRatio.den,
    });
    return ['-aspect:v:0', `${num}:${den}`];
}

/** @returns path of the finished file */
export async function packageMp4(supervisor: Supervisor, request: PackageRequest): Promise<string> {
    const { timeline, workDir, source, input, limits, streams } = request;
    const videoPath = join(workDir, 'video.mkv');
    const resultPath = join(workDir, 'result.mp4');
    await mergeVideo(supervisor, request, videoPath, undefined);
    const { den } = timeline.timeBase;
    const timescale = String(den <= MAX_TIMESCALE ? den : FALLBACK_TIMESCALE);
    const startSeconds = ticksToSeconds(timeline.ticks[0] ?? 0, timeline.timeBase);
    const shiftSeconds = ticksToSeconds(timeline.shiftTicks, timeline.timeBase);
    const isContainer = source.kind === 'container';
    const exit = await supervisor.run({
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
            ...streamArguments(streams, 1),
            ...streams.covers.flatMap(({ index }, position) => [
                ...['-map', `1:${index}`, `-c:v:${position + 1}`, 'copy'],
                ...[`-disposition:v:${position + 1}`, 'attached_pic'],
            ]),
            ...(isContainer ? metadataArguments(1) : []),
            ...['-video_track_timescale', timescale, '-movie_timescale', timescale],
            // ffmpeg 5 calls FLAC in MP4 an experiment.
            ...['-strict', 'experimental'],
            ...['-movflags', '+faststart', '-f', 'mp4', '-y', resultPath],
        ],
        reads: [input.path],
    });
    if (exit.exitCode !== 0) {
        throw exitError('PACKAGING_FAILED', 'the result could not be put into MP4', exit);
    }
    await rm(videoPath);
    return resultPath;
}
