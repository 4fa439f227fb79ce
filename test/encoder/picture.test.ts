/** Shape, colour and other oddities of pictures. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeClip, encodeFails } from './helpers/job.js';
import { expectSamePlaces, expectTimes } from './helpers/expect.js';
import { frameTimes, probeFile, psnrByFrame } from './helpers/measure.js';
import { ffmpeg, output, programs, temporaryFolder } from './helpers/media.js';

const folder = await temporaryFolder();

async function clip(name: string, size: string, ...options: string[]): Promise<string> {
    const path = join(folder, name);
    const source = `testsrc=size=${size}:rate=25:duration=0.4`;
    await ffmpeg('-f', 'lavfi', '-i', source, ...options, path);
    return path;
}

const H264 = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'];

describe('odd sizes', () => {
    it.each(['127x96', '128x95', '127x95', '1x1'])(
        '%s is padded without touching the picture',
        async (size) => {
            const path = await clip(`odd-${size}.mkv`, size, '-c:v', 'ffv1', '-pix_fmt', 'yuv420p');
            const { result, outputPath } = await encodeClip(folder, path, {
                kvazaar: ['--lossless'],
            });
            expect(result.width % 2).toBe(0);
            expect(result.height % 2).toBe(0);
            // Cut back, not a bit of luma may differ.
            const planes = `extractplanes=y,crop=${size.replace('x', ':')}:0:0`;
            const measured = await psnrByFrame(
                { path: outputPath },
                { path },
                { frames: 10, filterA: planes, filterB: planes },
            );
            expect(measured).toEqual(Array.from({ length: 10 }, () => Number.POSITIVE_INFINITY));
            const identified = await output(programs.mkvmerge, ['-J', outputPath]);
            expect(identified).toContain(`"display_dimensions": "${size}"`);
            // PixelCropRight and PixelCropBottom (RFC 9559, 5.1.4.1.28).
            const header = (await readFile(outputPath)).subarray(0, 16_384).toString('hex');
            expect(header.includes('54dd8101')).toBe(size.startsWith('127') || size === '1x1');
            expect(header.includes('54aa8101')).toBe(/x(?:95|1)$/.test(size));
            expect(result.notes.join()).toContain('cut the added edge off');
        },
    );
});

describe('shape', () => {
    it.each(['mp4', 'mkv', 'hevc'] as const)(
        'pixels that are not square stay so in %s',
        async (container) => {
            const path = await clip('sar.mkv', '96x64', ...H264, '-vf', 'setsar=16/11');
            const { outputPath } = await encodeClip(folder, path, { container });
            expect((await probeFile(outputPath)).streams[0]?.sample_aspect_ratio).toBe(
                // Matroska rounds the width that is shown to whole pixels: 140 for 139.6.
                container === 'mkv' ? '35:24' : '16:11',
            );
        },
    );

    it('pictures that players turn are turned', async () => {
        const upright = await clip('upright.mp4', '96x64', ...H264);
        const path = join(folder, 'turned.mp4');
        await ffmpeg('-i', upright, '-c', 'copy', '-metadata:s:v', 'rotate=90', path);
        const { result, outputPath } = await encodeClip(folder, path, { container: 'mp4' });
        expect(result).toMatchObject({ width: 64, height: 96 });
        // Both are shown upright by ffmpeg, so it compares what a viewer sees.
        expectSamePlaces(await psnrByFrame({ path: outputPath }, { path }, { frames: 10 }), result);
        expect(result.notes.join()).toMatch(/turned by (?:90|270) degrees/);
    });

    it('pictures that change their size in mid-stream are scaled to the first', async () => {
        const first = await clip('first.ts', '96x64', '-c:v', 'mpeg2video');
        const second = await clip(
            'second.ts',
            '64x48',
            '-c:v',
            'mpeg2video',
            '-output_ts_offset',
            '0.4',
        );
        const path = join(folder, 'sizes.ts');
        await ffmpeg('-i', `concat:${first}|${second}`, '-c', 'copy', path);
        const { result } = await encodeClip(folder, path);
        expect(result).toMatchObject({
            frames: (await frameTimes({ path })).length,
            width: 96,
            height: 64,
        });
        expect(result.notes.join()).toContain('size changes');
    });
});

describe('colour', () => {
    it.each(['mp4', 'mkv', 'hevc'] as const)(
        'range, primaries, transfer and matrix reach %s',
        async (container) => {
            const path = await clip(
                ...(['colour.mp4', '96x64', ...H264] as const),
                ...['-color_range', 'pc', '-color_primaries', 'bt470bg', '-color_trc', 'gamma28'],
                ...['-colorspace', 'bt470bg'],
            );
            const { outputPath, result } = await encodeClip(folder, path, { container });
            expect((await probeFile(outputPath)).streams[0]).toMatchObject({
                color_range: 'pc',
                color_primaries: 'bt470bg',
                color_transfer: 'bt470bg',
                color_space: 'bt470bg',
            });
            const measured = await psnrByFrame({ path: outputPath }, { path }, { frames: 10 });
            expectSamePlaces(measured, result);
        },
    );

    it('what the user sets goes first', async () => {
        const path = await clip('bt709.mp4', '96x64', ...H264, '-colorspace', 'bt709');
        const { outputPath } = await encodeClip(folder, path, {
            kvazaar: ['--colormatrix', 'bt2020nc'],
        });
        expect((await probeFile(outputPath)).streams[0]?.color_space).toBe('bt2020nc');
    });

    it.each(['mp4', 'mkv', 'hevc'] as const)(
        'HDR is told, and its tags reach %s',
        async (container) => {
            const path = await clip(
                ...(['hdr.mkv', '96x64', '-pix_fmt', 'yuv420p10le', '-c:v', 'libx265'] as const),
                ...[
                    '-x265-params',
                    'log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc',
                ],
            );
            const { outputPath, result } = await encodeClip(folder, path, { container });
            expect((await probeFile(outputPath)).streams[0]).toMatchObject({
                color_primaries: 'bt2020',
                color_transfer: 'smpte2084',
                color_space: 'bt2020nc',
            });
            expect(result.notes.join()).toMatch(/10 bits.*HDR/);
        },
    );

    it('`strict` refuses what 8 bits cannot hold', async () => {
        const path = await clip('deep.mkv', '96x64', '-pix_fmt', 'yuv420p10le', '-c:v', 'ffv1');
        const error = await encodeFails(folder, path, { strict: true });
        expect(error.code).toBe('INPUT_LOSES_PRECISION');
    });
});

describe('interlaced pictures', () => {
    const interlaced = (order: 'tff' | 'bff' = 'tff'): Promise<string> =>
        clip(
            ...([`${order}.ts`, '96x64', '-vf', `setfield=${order}`, '-flags'] as const),
            ...['+ilme+ildct', '-top', order === 'tff' ? '1' : '0', '-c:v', 'mpeg2video'],
        );

    it.each([
        ['tff', 'mkv', 'tt'],
        ['bff', 'mkv', 'bb'],
        ['tff', 'mp4', 'tt'],
        ['bff', 'mp4', 'bb'],
    ] as const)(
        'stay frames of two fields, %s, and %s tells so',
        async (order, container, told) => {
            const path = await interlaced(order);
            const { result, outputPath } = await encodeClip(folder, path, { container });
            expect(result.frames).toBe(10);
            expect(result.notes.join()).toMatch(/10 frames are interlaced/);
            expect((await probeFile(outputPath)).streams[0]?.field_order).toBe(told);
            const measured = await psnrByFrame({ path: outputPath }, { path }, { frames: 10 });
            expectSamePlaces(measured, result);
        },
    );

    it('are made progressive when asked', async () => {
        const path = await interlaced();
        const { result, outputPath } = await encodeClip(folder, path, { deinterlace: true });
        expect(result.frames).toBe(10);
        expect(result.notes.join()).toMatch(/deinterlaced/);
        const zero = Number((await probeFile(path)).format.start_time);
        const expected = (await frameTimes({ path })).map((time) => time - zero);
        expectTimes(await frameTimes({ path: outputPath }), expected, 0.000_02);
    });
});

describe('raw video', () => {
    it.each([
        ['yv12', 'yuv420p', 'format=yuv420p,shuffleplanes=0:2:1'],
        ['nv12', 'nv12', 'null'],
        ['i422', 'yuv422p', 'null'],
        ['rgb', 'rgb24', 'null'],
        ['gray', 'gray', 'null'],
        ['p010', 'p010le', 'null'],
    ])('%s', async (pixelFormat, name, filter) => {
        const path = await clip(
            `${pixelFormat}.yuv`,
            '96x64',
            '-pix_fmt',
            name,
            '-vf',
            filter,
            '-f',
            'rawvideo',
        );
        const reference = await clip('reference.y4m', '96x64', '-pix_fmt', 'yuv444p');
        const raw = { width: 96, height: 64, fps: { num: 25, den: 1 }, pixelFormat };
        const { result, outputPath } = await encodeClip(
            folder,
            { path, kind: 'raw', raw },
            { kvazaar: ['--qp', '10'] },
        );
        expect(result).toMatchObject({ frames: 10, durationSeconds: 0.4 });
        const grey = name === 'gray' ? 'format=gray,' : '';
        const measured = await psnrByFrame(
            { path: outputPath },
            { path: reference },
            {
                frames: 10,
                filterA: `${grey}format=yuv420p,extractplanes=v`,
                filterB: `${grey}format=yuv420p,extractplanes=v`,
            },
        );
        expect(Math.min(...measured)).toBeGreaterThan(30);
    });
});

describe('tracks of other lengths', () => {
    const withAudio = async (name: string, ...options: string[]): Promise<string> => {
        const path = join(folder, name);
        await ffmpeg(
            ...['-f', 'lavfi', '-i', 'testsrc=size=96x64:rate=25:duration=1'],
            ...[
                '-f',
                'lavfi',
                '-i',
                'sine=duration=3',
                '-map',
                '0',
                '-map',
                '1',
                ...H264,
                ...options,
            ],
            path,
        );
        return path;
    };

    it.each(['long.mkv', 'long.mp4'])(
        'sound that outlasts the video is kept (%s)',
        async (name) => {
            const path = await withAudio(name);
            const { result, outputPath } = await encodeClip(folder, path);
            expect(result.frames).toBe(25);
            expect(Number((await probeFile(outputPath)).format.duration)).toBeGreaterThan(2.9);
        },
    );

    it.each(['mp4', 'mkv'] as const)(
        'sound without a single packet does no harm in %s',
        async (container) => {
            const path = await withAudio('silent.mp4', '-frames:a', '0');
            const { result } = await encodeClip(folder, path, { container });
            expect(result.frames).toBe(25);
        },
    );
});
