/** Puts the elementary stream, with its times, and the rest of the source into the container. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { audioArguments } from './audio.js';
import type { AudioTrackResult, Container, JobInput } from './job.js';
import type { PictureFormat } from './picture.js';
import { sourceArguments } from './probe.js';
import { exitError } from './process.js';
import type { Programs } from './programs.js';
import { formatRational } from './rational.js';
import type { SourceInfo } from './source-info.js';
import type { Supervisor } from './supervisor.js';
import { matroskaScale, ticksToSeconds, timestampFileLines } from './timestamps.js';
import type { Timeline } from './timestamps.js';
import { fileUrl } from './whitelists.js';
import type { Limits } from './limits.js';

export interface PackageRequest {
    programs: Programs;
    input: JobInput;
    source: SourceInfo;
    limits: Limits;
    workDir: string;
    container: Container;
    /** The elementary stream; it is removed as soon as it is no longer needed. */
    streamPath: string;
    timeline: Timeline;
    picture: PictureFormat;
    audioTracks: readonly AudioTrackResult[];
}

/**
 * @returns path of the finished file in the work folder
 * @throws EncodeError PACKAGING_FAILED, or the reason for which the job was stopped
 */
export async function packageResult(
    supervisor: Supervisor,
    request: PackageRequest,
): Promise<string> {
    switch (request.container) {
        case 'hevc':
            return request.streamPath;
        case 'mkv':
            return packageMatroska(supervisor, request);
        case 'mp4':
            return packageMp4(supervisor, request);
    }
}

function keepsAudio({ audioTracks }: PackageRequest): boolean {
    return audioTracks.some((track) => track.treatment !== 'dropped');
}

async function packageMatroska(supervisor: Supervisor, request: PackageRequest): Promise<string> {
    const resultPath = join(request.workDir, 'result.mkv');
    const sidePath = keepsAudio(request) ? await extractSide(supervisor, request) : undefined;
    await mergeVideo(supervisor, request, resultPath, false, sidePath ? [sidePath] : []);
    await rm(request.streamPath);
    if (sidePath) await rm(sidePath);
    return resultPath;
}

/**
 * The source's other streams as Matroska, on the same clock as the video: zero is the source's
 * start. Packets before it are an audio encoder's run-up, which decoders throw away; Matroska has
 * no place for them, and ffmpeg would move everything to make one, which puts the sound off.
 */
async function extractSide(supervisor: Supervisor, request: PackageRequest): Promise<string> {
    const path = join(request.workDir, 'side.mkv');
    const kept = request.audioTracks.filter((track) => track.treatment !== 'dropped');
    const exit = await supervisor.run({
        program: 'ffmpeg',
        path: request.programs.ffmpeg,
        args: [
            ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+warning'],
            ...sourceInput(request),
            ...['-vn', '-sn', '-dn'],
            ...audioArguments(request.audioTracks, 0),
            // Opus says its run-up itself, in the header.
            ...kept.flatMap(({ codec, treatment }, position) =>
                treatment === 'copied' && codec !== 'opus'
                    ? [`-bsf:a:${position}`, "noise=drop='lt(pts,0)'"]
                    : [],
            ),
            ...['-map_metadata', '0', '-map_chapters', '0', '-f', 'matroska', '-y', path],
        ],
        reads: [request.input.path],
    });
    if (exit.exitCode !== 0) {
        throw exitError('PACKAGING_FAILED', 'the audio of the source could not be copied', exit);
    }
    return path;
}

/** The source, read so that its times agree with those in the timeline. */
function sourceInput({ input, source, limits, timeline }: PackageRequest): string[] {
    const shiftSeconds = ticksToSeconds(timeline.shiftTicks, timeline.timeBase);
    return sourceArguments(input, source, limits, shiftSeconds);
}

async function mergeVideo(
    supervisor: Supervisor,
    request: PackageRequest,
    outputPath: string,
    isIntermediate: boolean,
    sidePaths: readonly string[],
): Promise<void> {
    const { workDir, timeline, picture, source, streamPath } = request;
    const timestampsPath = join(workDir, 'timestamps.txt');
    await writeFile(timestampsPath, timestampFileLines(timeline));
    const { language, title } = source.video;
    const crop = picture.padRight + picture.padBottom > 0;
    const exit = await supervisor.run({
        program: 'mkvmerge',
        path: request.programs.mkvmerge,
        args: [
            ...['--quiet', '--flush-on-close', '--output', outputPath],
            ...['--timestamp-scale', String(matroskaScale(timeline, isIntermediate))],
            ...['--timestamps', `0:${timestampsPath}`],
            ...['--default-duration', `0:${formatRational(picture.fps)}p`],
            ...(language === undefined ? [] : ['--language', `0:${language}`]),
            ...(title === undefined ? [] : ['--track-name', `0:${title}`]),
            ...(crop ? ['--cropping', `0:0,0,${picture.padRight},${picture.padBottom}`] : []),
            streamPath,
            ...sidePaths,
        ],
        stdout: 'log',
    });
    // 1: warnings.
    if (exit.exitCode !== 0 && exit.exitCode !== 1) {
        throw exitError('PACKAGING_FAILED', 'the video could not be put into Matroska', exit);
    }
    await rm(timestampsPath);
}

/** MP4 keeps times as 32-bit durations of this unit; finer ones are rounded. */
const MAX_TIMESCALE = 1_000_000;
const FALLBACK_TIMESCALE = 90_000;

async function packageMp4(supervisor: Supervisor, request: PackageRequest): Promise<string> {
    const { timeline, workDir, source } = request;
    const videoPath = join(workDir, 'video.mkv');
    const resultPath = join(workDir, 'result.mp4');
    await mergeVideo(supervisor, request, videoPath, true, []);
    await rm(request.streamPath);
    const { den } = timeline.timeBase;
    const timescale = String(den <= MAX_TIMESCALE ? den : FALLBACK_TIMESCALE);
    const startSeconds = ticksToSeconds(timeline.ticks[0] ?? 0, timeline.timeBase);
    const carriesSource = source.kind === 'container';
    const exit = await supervisor.run({
        program: 'ffmpeg',
        path: request.programs.ffmpeg,
        args: [
            ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+warning'],
            // ffmpeg moves each input to zero; a video that starts late keeps its start.
            ...['-itsoffset', startSeconds.toFixed(6), '-protocol_whitelist', 'file,pipe'],
            ...['-f', 'matroska', '-i', fileUrl(videoPath)],
            ...(carriesSource ? sourceInput(request) : []),
            ...['-map', '0:v:0', '-c:v:0', 'copy', '-tag:v:0', 'hvc1', '-sn', '-dn'],
            ...audioArguments(request.audioTracks, 1),
            ...(carriesSource ? ['-map_metadata', '1', '-map_chapters', '1'] : []),
            ...['-video_track_timescale', timescale, '-movie_timescale', timescale],
            ...['-movflags', '+faststart', '-f', 'mp4', '-y', resultPath],
        ],
        reads: [request.input.path],
    });
    if (exit.exitCode !== 0) {
        throw exitError('PACKAGING_FAILED', 'the result could not be put into MP4', exit);
    }
    await rm(videoPath);
    return resultPath;
}
