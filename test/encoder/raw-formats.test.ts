/**
 * Raw video in the pixel formats that ffmpeg lists: each one becomes the pictures that ffmpeg
 * itself makes of it, or is refused.
 *
 * KVZ_MATRIX=wide tries all of them; without it a few of each kind are tried.
 */
import { writeFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeRawFormat } from '../../src/encoder/index.js';
import { encodeClip } from './helpers/job.js';
import { planePsnrByFrame, probeFile } from './helpers/measure.js';
import { ffmpeg, output, programs, temporaryFolder } from './helpers/media.js';

const folder = await temporaryFolder();
const isWide = process.env['KVZ_MATRIX'] === 'wide';
const STEP = 40;
const FRAMES = 3;
const SIZE = { width: 96, height: 64 };
const FPS = { num: 25, den: 1 };

interface Listed {
    name: string;
    flags: { hwaccel: 0 | 1; rgb: 0 | 1; palette: 0 | 1 };
}

const { pixel_formats: listed } = JSON.parse(
    await output(programs.ffprobe, ['-v', 'error', '-show_pixel_formats', '-of', 'json']),
) as { pixel_formats: Listed[] };
const isRgb = new Map(listed.map(({ name, flags }) => [name, flags.rgb + flags.palette > 0]));
const names = listed.filter(({ flags }) => flags.hwaccel === 0).map(({ name }) => name);

/** What ffmpeg says it can convert from, and to. */
const directions = new Map(
    (await output(programs.ffmpeg, ['-v', 'error', '-pix_fmts']))
        .split('\n')
        .map((line) => line.split(/\s+/))
        .map(([flags = '', name = '']) => [name, flags] as const),
);
const isReadable = (name: string): boolean => directions.get(name)?.startsWith('I') === true;
const isWritable = (name: string): boolean => directions.get(name)?.[1] === 'O';

/** Grey in integers, which ffmpeg takes for full range where nothing says so. */
const isGray = (name: string): boolean => /^(?:gray|ya)\d*(?:le|be)?$/.test(name);

const readable = names.filter(isReadable);
const unreadable = names.filter((name) => !isReadable(name));
const some = (all: readonly string[], always: readonly string[]): string[] =>
    all.filter((name, index) => isWide || index % STEP === 0 || always.includes(name));

async function makeRaw(name: string, frameBytes: number): Promise<string> {
    const path = join(folder, `${name}.yuv`);
    if (isWritable(name)) {
        await ffmpeg(
            ...['-f', 'lavfi', '-i', `testsrc2=size=${SIZE.width}x${SIZE.height}:rate=25`],
            ...['-frames:v', String(FRAMES), '-pix_fmt', name, '-f', 'rawvideo', path],
        );
    } else {
        const ramp = Uint8Array.from({ length: FRAMES * frameBytes }, (_, at) => at / 200);
        await writeFile(path, ramp);
    }
    return path;
}

describe('raw pixel formats', () => {
    it('are listed', () => {
        expect(readable.length).toBeGreaterThan(150);
        expect(unreadable.length).toBeGreaterThan(0);
        expect(names.filter(isGray).length).toBeGreaterThan(10);
    });

    it.each(some(readable, ['gray', 'ya16le']))('%s', async (pixelFormat) => {
        const raw = { ...SIZE, fps: FPS, pixelFormat };
        const { frameBytes } = await describeRawFormat(programs.ffprobe, raw);
        const path = await makeRaw(pixelFormat, frameBytes);
        expect((await stat(path)).size).toBe(FRAMES * frameBytes);

        const { result, outputPath } = await encodeClip(
            folder,
            { path, kind: 'raw', raw },
            { kvazaar: ['--qp', '8'], container: 'mkv' },
        );
        expect(result).toMatchObject({ frames: FRAMES, durationSeconds: FRAMES / 25 });
        const isFullRange = pixelFormat.startsWith('yuvj') || isGray(pixelFormat);
        const [video] = (await probeFile(outputPath)).streams;
        expect(video?.color_range).toBe(isFullRange ? 'pc' : 'tv');

        // The result's samples are put to the range of ffmpeg's own picture by what its stream says.
        const target = isFullRange ? 'yuvj420p' : 'yuv420p';
        // With RGB ffmpeg takes another matrix for granted.
        const toYuv = isRgb.get(pixelFormat)
            ? 'scale=out_color_matrix=smpte170m:flags=accurate_rnd,'
            : '';
        const inputArguments = [
            ...['-f', 'rawvideo', '-framerate', '25', '-pixel_format', pixelFormat],
            ...['-video_size', `${SIZE.width}x${SIZE.height}`],
        ];
        const measured = await planePsnrByFrame(
            { path: outputPath },
            { path, inputArguments },
            {
                frames: FRAMES,
                filterA: `format=${target}`,
                filterB: `${toYuv}format=${target}`,
            },
        );
        expect(measured).toHaveLength(FRAMES);
        for (const plane of ['y', 'u', 'v'] as const) {
            expect(Math.min(...measured.map((frame) => frame[plane]))).toBeGreaterThan(30);
        }
    });

    it.each(some(unreadable, ['bgr4', 'rgb4']))('%s, which ffmpeg cannot convert', async (name) => {
        const path = join(folder, `${name}.raw`);
        await writeFile(path, new Uint8Array(SIZE.width * SIZE.height * 8));
        const asRaw = ['-f', 'rawvideo', '-pixel_format', name, '-video_size', '96x64', '-i', path];
        await expect(
            ffmpeg(...asRaw, '-frames:v', '1', '-pix_fmt', 'yuv420p', '-f', 'null', '-'),
        ).rejects.toThrow(/Impossible to convert/);
        await expect(
            describeRawFormat(programs.ffprobe, { ...SIZE, fps: FPS, pixelFormat: name }),
        ).rejects.toMatchObject({ code: 'RAW_FORMAT_UNKNOWN' });
    });
});
