/** What the source has beside its video reaches the result, where the container can hold it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeClip } from './helpers/job.js';
import { audioLag, probeFile } from './helpers/measure.js';
import type { Probed } from './helpers/measure.js';
import { ffmpeg, temporaryFolder } from './helpers/media.js';

const folder = await temporaryFolder();
const file = (name: string): string => join(folder, name);

const SUBTITLES = `1
00:00:00,500 --> 00:00:01,500
Hello

2
00:00:02,000 --> 00:00:03,000
World
`;

const METADATA = `;FFMETADATA1
title=A title
artist=Someone
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1500
title=One
[CHAPTER]
TIMEBASE=1/1000
START=1500
END=3000
title=Two
`;

const VIDEO = ['-f', 'lavfi', '-i', 'testsrc2=size=96x64:rate=25:duration=3'];
const noise = (seed: number): string[] => [
    ...['-f', 'lavfi', '-i', `anoisesrc=color=pink:seed=${seed}:duration=3:sample_rate=48000`],
];

beforeAll(async () => {
    await writeFile(file('s.srt'), SUBTITLES);
    await writeFile(file('metadata.txt'), METADATA);
    await writeFile(file('font.ttf'), 'no real font');
    await ffmpeg('-f', 'lavfi', '-i', 'testsrc=size=64x64', '-frames:v', '1', file('cover.png'));
    await ffmpeg(
        ...[...VIDEO, ...noise(1), ...noise(2), '-i', file('s.srt'), '-i', file('metadata.txt')],
        ...['-map', '0', '-map', '1', '-map', '2', '-map', '3', '-map_metadata', '4'],
        ...['-map_chapters', '4', '-metadata:s:v', 'language=fin', '-metadata:s:v', 'title=Film'],
        ...['-metadata:s:a:0', 'language=eng', '-metadata:s:a:1', 'language=swe'],
        ...['-metadata:s:a:1', 'title=Kommentar', '-metadata:s:s', 'language=deu'],
        ...['-disposition:a:0', '0', '-disposition:a:1', 'default', '-pix_fmt', 'yuv420p'],
        ...['-c:v', 'libx264', '-c:a:0', 'flac', '-c:a:1', 'aac', '-c:s', 'srt'],
        ...['-attach', file('font.ttf'), '-metadata:s:t', 'mimetype=font/ttf', file('rich.mkv')],
    );
    await ffmpeg(
        ...['-i', file('rich.mkv'), '-i', file('cover.png'), '-map', '0:v', '-map', '0:a:1'],
        ...['-map', '1', '-c', 'copy', '-disposition:v:1', 'attached_pic', file('cover.mp4')],
    );
});

const summary = ({ streams }: Probed): unknown[] =>
    streams.map((stream) => [
        stream.codec_type,
        stream.codec_name ?? '',
        stream.tags?.['language'] ?? '',
    ]);

const chapters = ({ chapters }: Probed): unknown[] =>
    chapters.map((chapter) => [
        chapter.tags?.['title'],
        Number(chapter.start_time),
        Number(chapter.end_time),
    ]);

describe('a source with everything', () => {
    it('keeps all of it in mkv', async () => {
        const { outputPath, result } = await encodeClip(folder, file('rich.mkv'));
        const probed = await probeFile(outputPath);
        expect(summary(probed)).toEqual([
            ['video', 'hevc', 'fin'],
            ['audio', 'flac', 'eng'],
            ['audio', 'aac', 'swe'],
            ['subtitle', 'subrip', 'ger'],
            ['attachment', expect.anything(), ''],
        ]);
        expect(probed.streams[0]?.tags?.['title']).toBe('Film');
        expect(probed.streams[2]?.tags?.['title']).toBe('Kommentar');
        expect(probed.streams.map((stream) => stream.disposition?.['default'])).toEqual([
            1, 0, 1, 0, 0,
        ]);
        expect(chapters(probed)).toEqual([
            ['One', 0, 1.5],
            ['Two', 1.5, 3],
        ]);
        expect(probed.format.tags).toMatchObject({ title: 'A title', ARTIST: 'Someone' });
        expect(result.notes).toEqual([]);
        for (const track of [0, 1]) {
            const start = { path: file('rich.mkv'), startSeconds: 0 };
            const lags = await audioLag(start, { path: outputPath }, [0.5, 2.3], track);
            for (const lag of lags) expect(Math.abs(lag)).toBeLessThan(0.003);
        }
    });

    it('keeps what MP4 can hold, turns subtitles into its own, and tells of the rest', async () => {
        const { outputPath, result } = await encodeClip(folder, file('rich.mkv'), {
            container: 'mp4',
        });
        const probed = await probeFile(outputPath);
        expect(summary(probed).slice(0, 4)).toEqual([
            ['video', 'hevc', 'fin'],
            ['audio', 'flac', 'eng'],
            ['audio', 'aac', 'swe'],
            ['subtitle', 'mov_text', 'deu'],
        ]);
        expect(chapters(probed)).toEqual([
            ['One', 0, 1.5],
            ['Two', 1.5, 3],
        ]);
        expect(probed.format.tags).toMatchObject({ title: 'A title', artist: 'Someone' });
        expect(result.notes).toEqual(['attachment stream 4 is left out: mp4 cannot hold it']);
    });

    it('keeps chapters and metadata where no other stream is kept', async () => {
        await ffmpeg('-i', file('rich.mkv'), '-map', '0:v', '-c', 'copy', file('only-video.mkv'));
        const { outputPath } = await encodeClip(folder, file('only-video.mkv'));
        const probed = await probeFile(outputPath);
        expect(summary(probed)).toEqual([['video', 'hevc', 'fin']]);
        expect(chapters(probed)).toHaveLength(2);
        expect(probed.format.tags).toMatchObject({ title: 'A title' });
    });

    it.each(['mp4', 'mkv'] as const)('keeps the cover picture in %s', async (container) => {
        const { outputPath } = await encodeClip(folder, file('cover.mp4'), { container });
        const { streams } = await probeFile(outputPath);
        const cover = streams.find((stream) => stream.disposition?.['attached_pic'] === 1);
        expect(cover?.codec_name).toBe('png');
    });
});

describe('sound that the container cannot hold', () => {
    it.each([
        ['mp4', 'vorbis', 'x.mkv', ['-c:a', 'libvorbis']],
        ['mp4', 'pcm_s16le', 'x.mov', ['-c:a', 'pcm_s16le']],
        ['mkv', 'adpcm_ms', 'x.avi', ['-c:a', 'adpcm_ms']],
    ] as const)('is encoded for %s from %s', async (container, codec, name, codecs) => {
        const path = file(`${codec}-${name}`);
        await ffmpeg(
            ...[...VIDEO, ...noise(3), '-pix_fmt', 'yuv420p', '-c:v', 'mpeg4', ...codecs, path],
        );
        const { outputPath, result } = await encodeClip(folder, path, { container });
        expect(result.audioTracks).toEqual([
            expect.objectContaining({ sourceIndex: 1, codec, treatment: 'encoded' }),
        ]);
        expect(result.notes.join()).toContain(`${container} cannot hold ${codec}`);
        const { streams } = await probeFile(outputPath);
        expect(streams[1]?.codec_name).toBe('aac');
        const lags = await audioLag({ path }, { path: outputPath }, [0.5, 2.3]);
        for (const lag of lags) expect(Math.abs(lag)).toBeLessThan(0.03);
    });
});

describe('Opus, whose first packet begins before zero', () => {
    it.each(['mp4', 'mkv'] as const)('stays in sync in %s with all else', async (container) => {
        const path = file('opus.mkv');
        await ffmpeg(
            ...[...VIDEO, ...noise(4), ...noise(5), '-map', '0', '-map', '1', '-map', '2'],
            ...[
                '-pix_fmt',
                'yuv420p',
                '-c:v',
                'libx264',
                '-c:a:0',
                'libopus',
                '-c:a:1',
                'flac',
                path,
            ],
        );
        const { outputPath } = await encodeClip(folder, path, { container });
        for (const [track, tolerance] of [
            [0, 0.01],
            [1, 0.002],
        ] as const) {
            const lags = await audioLag({ path }, { path: outputPath }, [0.5, 2.3], track);
            for (const lag of lags) expect(Math.abs(lag)).toBeLessThan(tolerance);
        }
    });
});
