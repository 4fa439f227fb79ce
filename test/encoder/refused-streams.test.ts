/** A stream that a muxer refuses does not cost the video. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeProgram } from './helpers/fake-program.js';
import { encodeClip, encodeFails } from './helpers/job.js';
import { probeFile } from './helpers/measure.js';
import { ffmpeg, programs, temporaryFolder } from './helpers/media.js';

const folder = await temporaryFolder();

/** Two audio tracks, the first with the codec, the second AAC, and a subtitle. */
async function clip(name: string, codec: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(join(folder, 'text.srt'), '1\n00:00:00,100 --> 00:00:00,300\nHello\n');
    await ffmpeg(
        ...['-f', 'lavfi', '-i', 'testsrc2=size=64x64:rate=25:duration=0.4'],
        ...['-f', 'lavfi', '-i', 'sine=duration=0.4:sample_rate=48000'],
        ...['-i', join(folder, 'text.srt'), '-map', '0', '-map', '1', '-map', '1', '-map', '2'],
        ...['-c:v', 'libx264', '-c:a:0', codec, '-c:a:1', 'aac', '-ac', '2', '-c:s', 'srt', path],
    );
    return path;
}

async function streamsOf(path: string): Promise<string[]> {
    const { streams } = await probeFile(path);
    return streams.map(({ codec_name: name }) => name);
}

/** The real ffmpeg, but for one that is given arguments like these, in this order. */
async function refusing(...pattern: string[]): Promise<typeof programs> {
    const fake = await fakeProgram(
        folder,
        'ffmpeg',
        `case "$*" in *${pattern.map((part) => `"${part}"*`).join('')}) echo 'refused' >&2; exit 1;; ` +
            `esac\nexec '${programs.ffmpeg}' "$@"`,
    );
    return { ...programs, ffmpeg: fake };
}

describe('audio that cannot be copied after all', () => {
    it.each([
        ['mkv', 'matroska'],
        ['mp4', 'mp4'],
    ] as const)('is encoded for %s', async (container, muxer) => {
        const { result, outputPath } = await encodeClip(folder, await clip('opus.mkv', 'libopus'), {
            container,
            sandbox: 'off',
            // The tracks that are tried alone are the first ones, too: both are refused.
            programs: await refusing('-c:a:0 copy', `-f ${muxer}`),
        });
        expect(result.audioTracks.map(({ treatment }) => treatment)).toEqual([
            'encoded',
            'encoded',
        ]);
        expect(result.notes).toEqual([
            'audio stream 1 is encoded to AAC: it cannot be copied as it is',
            'audio stream 2 is encoded to AAC: it cannot be copied as it is',
        ]);
        expect((await streamsOf(outputPath)).slice(1, 3)).toEqual(['aac', 'aac']);
    });

    it('is left out where it cannot be decoded either, and the other streams stay', async () => {
        const { result, outputPath } = await encodeClip(folder, await clip('a.mkv', 'libvorbis'), {
            sandbox: 'off',
            programs: await refusing('-map 0:1 ', '-f matroska'),
        });
        expect(result.audioTracks.map(({ treatment }) => treatment)).toEqual(['dropped', 'copied']);
        expect(result.notes).toContain(
            'audio stream 1 (vorbis) is left out: it can neither be copied nor decoded',
        );
        expect(await streamsOf(outputPath)).toEqual(['hevc', 'aac', 'subrip']);
    });

    it('does not hide a muxer that fails whatever it is given', async () => {
        const error = await encodeFails(folder, await clip('whole.mkv', 'aac'), {
            sandbox: 'off',
            programs: await refusing('-f matroska'),
        });
        expect(error).toMatchObject({ code: 'PACKAGING_FAILED', program: 'ffmpeg', exitCode: 1 });
        expect(error.stderrTail).toBe('refused');
    });
});

describe('audio whose header is damaged', () => {
    /** Two tracks of Vorbis or AAC, of which ffprobe can open the decoder of some. */
    async function damaged(name: string, codec: string, tracks: 1 | 2): Promise<string> {
        const path = join(folder, name);
        await ffmpeg(
            ...['-f', 'lavfi', '-i', 'testsrc2=size=64x64:rate=25:duration=0.4'],
            ...['-f', 'lavfi', '-i', 'sine=duration=0.4:sample_rate=48000'],
            ...['-map', '0', '-map', '1', '-map', '1', '-c:v', 'libx264', '-pix_fmt', 'yuv420p'],
            ...['-color_range', 'pc', '-c:a:0', codec, '-c:a:1', codec, path],
        );
        const bytes = await readFile(path);
        // The setup header; and MP4's AudioSpecificConfig, here one without a sampling rate.
        const mark = codec === 'libvorbis' ? '\x05vorbis' : '\x05\x80\x80\x80\x05';
        let at = -1;
        for (let track = 0; track < tracks; track++) {
            at = bytes.indexOf(mark, at + 1, 'latin1');
            expect(at).toBeGreaterThan(0);
            bytes.fill(0xff, at + mark.length, at + mark.length + 4);
        }
        await writeFile(path, bytes);
        await expect(probeFile(path)).rejects.toThrow(/Command failed: .*ffprobe/);
        return path;
    }

    it.each([
        ['vorbis-both.mkv', 'libvorbis', 'mkv', 2],
        ['aac.mp4', 'aac', 'mp4', 1],
    ] as const)('%s: the video is coded without it', async (name, codec, container, tracks) => {
        const path = await damaged(name, codec, tracks);
        const { result, outputPath } = await encodeClip(folder, path, { container });
        expect(result.sourceFrames).toBe(10);
        expect(result.durationSeconds).toBeCloseTo(0.4, 5);
        expect(result.audioTracks).toMatchObject([
            { sourceIndex: 1, treatment: 'dropped' },
            { sourceIndex: 2, treatment: tracks === 2 ? 'dropped' : 'copied' },
        ]);
        expect(result.notes).toContain(
            'audio stream 1 is left out: its codec is not known, or its header damaged',
        );
        const { streams } = await probeFile(outputPath);
        expect(streams).toHaveLength(3 - tracks);
        expect(streams[0]).toMatchObject({ codec_name: 'hevc', color_range: 'pc' });
    });

    it('is told with strict', async () => {
        const path = await damaged('strict.mkv', 'libvorbis', 1);
        const error = await encodeFails(folder, path, { strict: true });
        expect(error.code).toBe('INPUT_DAMAGED');
    });
});
