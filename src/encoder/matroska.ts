/** Matroska: mkvmerge puts the elementary stream, its times and the source's rest together. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackageRequest, Side } from './package.js';
import type { PictureFormat } from './picture.js';
import { sourceArguments } from './input-arguments.js';
import { exitError } from './process.js';
import type { ProcessExit } from './process.js';
import { formatRational } from './rational.js';
import { muxWhatGoes } from './refused-streams.js';
import type { StreamInfo } from './source-info.js';
import { streamArguments } from './streams.js';
import type { StreamPlan } from './streams.js';
import type { Supervisor } from './supervisor.js';
import { fileUrl } from './whitelists.js';
import { matroskaScale, ticksToSeconds, timestampFileLines } from './timestamps.js';

/**
 * The source's other streams, chapters, metadata and covers, in files of the work folder.
 * @throws EncodeError PACKAGING_FAILED, or the reason for which the job was stopped
 */
export async function extractSide(supervisor: Supervisor, request: PackageRequest): Promise<Side> {
    const path = join(request.workDir, 'side.mkv');
    const streams = await muxWhatGoes(
        supervisor,
        request.streams,
        (plan) => writeSide(supervisor, request, plan, path),
        'the streams of the source could not be copied',
    );
    const parts = [...(keepsTracks(streams) ? [] : ['--no-audio']), path];
    for (const [position, cover] of streams.covers.entries()) {
        const coverPath = await extractCover(supervisor, request, cover, position);
        parts.push('--attach-file', coverPath);
    }
    return { streams, parts };
}

function keepsTracks({ audio, subtitles }: StreamPlan): boolean {
    return audio.length + subtitles.length > 0;
}

/** MP4's own description of itself, which is wrong in any other file. */
const FORMAT_TAGS = ['major_brand', 'minor_version', 'compatible_brands', 'encoder'];

/** ffmpeg's arguments that carry the source's chapters and metadata. */
export function metadataArguments(input: number): string[] {
    return [
        ...['-map_metadata', String(input), '-map_chapters', String(input)],
        ...FORMAT_TAGS.flatMap((tag) => ['-metadata', `${tag}=`]),
    ];
}

/**
 * The source's other streams, chapters and metadata as Matroska, on the same clock as the video.
 * Packets before zero are an audio encoder's run-up, which decoders throw away; Matroska has no
 * place for them, and ffmpeg would move everything to make one, which puts the sound off.
 */
async function writeSide(
    supervisor: Supervisor,
    { programs, timeline, source, input, limits }: PackageRequest,
    streams: StreamPlan,
    path: string,
): Promise<ProcessExit> {
    const shiftSeconds = ticksToSeconds(timeline.shiftTicks, timeline.timeBase);
    return supervisor.run({
        program: 'ffmpeg',
        path: programs.ffmpeg,
        args: [
            ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+warning'],
            ...sourceArguments(input, source, limits, shiftSeconds),
            // Without a track there is no Matroska file to hold chapters and metadata.
            ...(keepsTracks(streams)
                ? streamArguments(streams, 0)
                : ['-f', 'lavfi', '-i', 'anullsrc=duration=0.01', '-map', '1:a']),
            ...streams.attachments.flatMap(({ index }) => ['-map', `0:${index}`, '-c:t', 'copy']),
            ...streams.audio.flatMap(({ stream, encoder }, position) =>
                encoder === 'copy' ? [`-bsf:a:${position}`, runUpFilter(stream.codec)] : [],
            ),
            ...metadataArguments(0),
            ...['-avoid_negative_ts', 'disabled', '-f', 'matroska', '-y', path],
        ],
        reads: [input.path],
    });
}

/**
 * Drops the run-up. That of Opus is part of its first packet, and the header tells how much of it
 * to skip; there only the packet's time is put to zero.
 */
function runUpFilter(codec: string): string {
    return codec === 'opus' ? "setts=ts='max(TS,0)'" : "noise=drop='lt(pts,0)'";
}

/** A cover picture is a file of its own in Matroska. */
async function extractCover(
    supervisor: Supervisor,
    { programs, input, source, limits, workDir }: PackageRequest,
    cover: StreamInfo,
    position: number,
): Promise<string> {
    const ending = cover.codec === 'png' ? 'png' : 'jpg';
    const path = join(workDir, position === 0 ? `cover.${ending}` : `cover-${position}.${ending}`);
    const exit = await supervisor.run({
        program: 'ffmpeg',
        path: programs.ffmpeg,
        args: [
            ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+warning'],
            ...sourceArguments(input, source, limits),
            ...['-map', `0:${cover.index}`, '-c', 'copy', '-frames:v', '1'],
            ...['-f', 'image2', '-update', '1', '-y', path],
        ],
        reads: [input.path],
    });
    if (exit.exitCode !== 0) {
        throw exitError('PACKAGING_FAILED', 'the cover picture could not be copied', exit);
    }
    return path;
}

interface Merge {
    /** The elementary stream; it is removed. */
    streamPath: string;
    outputPath: string;
    /** What else goes in; without it, the file is an intermediate one for a finer clock. */
    side?: Side;
}

/**
 * The elementary stream with its times, as Matroska.
 * @throws EncodeError PACKAGING_FAILED, or the reason for which the job was stopped
 */
export async function mergeVideo(
    supervisor: Supervisor,
    request: PackageRequest,
    { streamPath, outputPath, side }: Merge,
): Promise<void> {
    const { workDir, timeline, picture, source } = request;
    const timestampsPath = join(workDir, 'timestamps.txt');
    await writeFile(timestampsPath, timestampFileLines(timeline));
    const isSingle = timeline.ticks.length === 1;
    const videoPath = isSingle
        ? await wrapSingleFrame(supervisor, request, streamPath)
        : streamPath;
    const { language, title } = source.video;
    const exit = await supervisor.run({
        program: 'mkvmerge',
        path: request.programs.mkvmerge,
        args: [
            ...['--quiet', '--output', outputPath],
            ...['--timestamp-scale', String(matroskaScale(timeline, side === undefined))],
            ...['--timestamps', `0:${timestampsPath}`],
            ...['--default-duration', `0:${formatRational(picture.fps)}p`],
            ...(language === undefined ? [] : ['--language', `0:${language}`]),
            ...(title === undefined ? [] : ['--track-name', `0:${title}`]),
            ...croppingArguments(picture),
            ...[videoPath, ...(side?.parts ?? [])],
        ],
        stdout: 'log',
    });
    // 1: warnings.
    if (exit.exitCode !== 0 && exit.exitCode !== 1) {
        throw exitError('PACKAGING_FAILED', 'the video could not be put into Matroska', exit);
    }
    await Promise.all([timestampsPath, streamPath].map((path) => rm(path)));
    if (isSingle) await rm(videoPath);
}

/** Cuts off what was added to make the size even; the picture is shown in its own size and shape. */
function croppingArguments(picture: PictureFormat): string[] {
    const { width, height, padRight, padBottom, sampleAspectRatio: shape } = picture;
    if (padRight + padBottom === 0) return [];
    const shownWidth = Math.max(1, Math.round(((width - padRight) * shape.num) / shape.den));
    return [
        ...['--cropping', `0:0,0,${padRight},${padBottom}`],
        ...['--display-dimensions', `0:${shownWidth}x${height - padBottom}`],
    ];
}

/** mkvmerge does not recognise an elementary stream of one frame; in MP4 it does. */
async function wrapSingleFrame(
    supervisor: Supervisor,
    { programs, workDir }: PackageRequest,
    streamPath: string,
): Promise<string> {
    const path = join(workDir, 'single.mp4');
    const exit = await supervisor.run({
        program: 'ffmpeg',
        path: programs.ffmpeg,
        args: [
            ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+warning'],
            ...['-protocol_whitelist', 'file,pipe', '-f', 'hevc', '-i', fileUrl(streamPath)],
            ...['-c', 'copy', '-bsf:v', 'setts=ts=0', '-f', 'mp4', '-y', path],
        ],
    });
    if (exit.exitCode !== 0) {
        throw exitError('PACKAGING_FAILED', 'the only frame could not be wrapped', exit);
    }
    return path;
}
