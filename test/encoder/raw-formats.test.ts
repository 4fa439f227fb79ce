/**
 * Raw video in the pixel formats that ffmpeg lists: each one becomes the pictures that ffmpeg
 * itself makes of it, or is refused.
 *
 * KVZ_MATRIX=wide tries all of them; without it every twentieth is tried.
 */
import { join } from 'node:path';
import { stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { EncodeError, describeRawFormat } from '../../src/encoder/index.js';
import { encodeClip, encodeFails } from './helpers/job.js';
import { psnrByFrame } from './helpers/measure.js';
import { ffmpeg, output, programs, temporaryFolder } from './helpers/media.js';

const folder = await temporaryFolder();
const isWide = process.env['KVZ_MATRIX'] === 'wide';
const STEP = 20;
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
const tried = names.filter((_, index) => isWide || index % STEP === 0);

/** Two pixels in a byte: ffmpeg writes them, but its own reader of raw video fails. */
const UNREADABLE = ['bgr4', 'rgb4'];

/** Formats whose samples mean nothing to ffmpeg's own scaler, in or out; it says so itself. */
async function makeRaw(name: string): Promise<string | undefined> {
    const path = join(folder, `${name}.yuv`);
    const source = `testsrc2=size=${SIZE.width}x${SIZE.height}:rate=25`;
    try {
        await ffmpeg(
            ...['-f', 'lavfi', '-i', source, '-frames:v', String(FRAMES)],
            ...['-pix_fmt', name, '-f', 'rawvideo', path],
        );
        return path;
    } catch {
        return undefined;
    }
}

describe('raw pixel formats', () => {
    it('are listed', () => {
        expect(names.length).toBeGreaterThan(150);
    });

    it.each(tried)('%s', async (pixelFormat) => {
        const path = await makeRaw(pixelFormat);
        const raw = { ...SIZE, fps: FPS, pixelFormat };
        if (path === undefined) {
            // ffmpeg cannot write it; to tell its size is all that can be asked.
            const described = await describeRawFormat(programs.ffprobe, raw).catch(
                (error: unknown) => error,
            );
            if (described instanceof Error) expect(described).toBeInstanceOf(EncodeError);
            return;
        }
        const { frameBytes } = await describeRawFormat(programs.ffprobe, raw);
        expect((await stat(path)).size).toBe(FRAMES * frameBytes);

        if (UNREADABLE.includes(pixelFormat)) {
            const error = await encodeFails(folder, { path, kind: 'raw', raw });
            expect(error.code).toBe('DECODER_FAILED');
            return;
        }
        const { result, outputPath } = await encodeClip(
            folder,
            { path, kind: 'raw', raw },
            { kvazaar: ['--qp', '8'], container: 'mkv' },
        );
        expect(result).toMatchObject({ frames: FRAMES, durationSeconds: FRAMES / 25 });
        const target = pixelFormat.startsWith('yuvj') ? 'yuvj420p' : 'yuv420p';
        // With RGB ffmpeg takes another matrix for granted; with grey that would undo the range.
        const toYuv = isRgb.get(pixelFormat)
            ? 'scale=out_color_matrix=smpte170m:flags=accurate_rnd,'
            : '';
        const inputArguments = [
            ...['-f', 'rawvideo', '-framerate', '25', '-pixel_format', pixelFormat],
            ...['-video_size', `${SIZE.width}x${SIZE.height}`],
        ];
        // Raw grey does not say its range: its luma is kept as it is, ffmpeg takes it for full.
        const planes = /^(?:gray|ya)/.test(pixelFormat) ? ['u', 'v'] : ['y', 'u', 'v'];
        for (const plane of planes) {
            const measured = await psnrByFrame(
                { path: outputPath },
                { path, inputArguments },
                {
                    frames: FRAMES,
                    filterA: `format=${target},extractplanes=${plane}`,
                    filterB: `${toYuv}format=${target},extractplanes=${plane}`,
                },
            );
            expect(measured).toHaveLength(FRAMES);
            expect(Math.min(...measured)).toBeGreaterThan(30);
        }
    });
});
