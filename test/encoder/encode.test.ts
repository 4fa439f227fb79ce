/** The way from a source to a result with the real programs, frame by frame. */
import { describe, expect, it } from 'vitest';
import { expectSamePlaces, expectTimes } from './helpers/expect.js';
import { encodeClip } from './helpers/job.js';
import { frameTimes, packetTimes, probeFile, psnrByFrame } from './helpers/measure.js';
import { sharedClip, temporaryFolder } from './helpers/media.js';

const folder = await temporaryFolder();

describe('H.264 in MP4 with audio', () => {
    it.each(['mp4', 'mkv'] as const)(
        'becomes %s with each frame and sound in place',
        async (container) => {
            const source = await sharedClip('car-detection.mp4', folder);
            const { result, outputPath, events } = await encodeClip(folder, source, {
                container,
                logo: { enabled: true },
            });
            const sourceTimes = await frameTimes({ path: source });
            expect(result.sourceFrames).toBe(sourceTimes.length);
            expect(result.logoFrames).toBe(13);
            expect(result.frames).toBe(result.sourceFrames + result.logoFrames);
            expectSamePlaces(
                await psnrByFrame(
                    { path: outputPath },
                    { path: source },
                    { frames: result.sourceFrames },
                ),
                result,
            );

            const end = (sourceTimes.at(-1) ?? 0) + 0.08;
            const logoTimes = Array.from({ length: 13 }, (_, frame) => end + frame * 0.08);
            expectTimes(
                await frameTimes({ path: outputPath }),
                [...sourceTimes, ...logoTimes],
                1e-6,
            );
            expect(result.durationSeconds).toBeCloseTo(end + 13 * 0.08, 6);

            const probed = await probeFile(outputPath);
            expect(probed.streams.map((stream) => stream.codec_name)).toEqual(['hevc', 'aac']);
            if (container === 'mp4') expect(probed.streams[0]?.codec_tag_string).toBe('hvc1');
            // The clip is silent; its packets tell where the sound is.
            expectTimes(await packetTimes(outputPath), await packetTimes(source), 0.003);
            expect(result.audioTracks).toMatchObject([
                { sourceIndex: 1, codec: 'aac', treatment: 'copied' },
            ]);

            const phases = events
                .filter((event) => event.type === 'phase')
                .map((event) => event.phase);
            expect(phases).toEqual(['probing', 'encoding', 'packaging']);
            const last = events.findLast((event) => event.type === 'progress');
            expect(last).toMatchObject({
                frame: result.frames,
                frames: result.frames,
                percent: 100,
            });
        },
    );

    it('becomes an elementary stream, without audio and with a note', async () => {
        const source = await sharedClip('car-detection.mp4', folder);
        const { result, outputPath } = await encodeClip(folder, source, { container: 'hevc' });
        expect(result.logoFrames).toBe(0);
        expectSamePlaces(
            await psnrByFrame(
                { path: outputPath },
                { path: source },
                { frames: result.sourceFrames },
            ),
            result,
        );
        expect(result.notes.join()).toMatch(/audio streams are left out/);
        expect(result.audioTracks).toMatchObject([{ treatment: 'dropped' }]);
    });
});

describe('H.264 in Matroska, full range, without durations', () => {
    it('keeps range, frames and the times of a rounded clock', async () => {
        const source = await sharedClip('asl-walk.mkv', folder);
        const { result, outputPath } = await encodeClip(folder, source, {
            logo: { enabled: true },
        });
        const sourceTimes = await frameTimes({ path: source });
        expect(result.sourceFrames).toBe(sourceTimes.length);
        expect(result.logoFrames).toBe(30);
        // In yuvj420p on both sides nothing is converted, so full range must have come through.
        const measured = await psnrByFrame(
            { path: outputPath },
            { path: source },
            { frames: result.sourceFrames, filterA: 'format=yuvj420p', filterB: 'format=yuvj420p' },
        );
        expectSamePlaces(measured, result);
        const probed = await probeFile(outputPath);
        expect(probed.streams[0]?.color_range).toBe('pc');
        expectTimes(
            (await frameTimes({ path: outputPath })).slice(0, sourceTimes.length),
            sourceTimes,
            1e-6,
        );
    });
});

describe('YUV4MPEG2', () => {
    it('keeps a height that is no multiple of 8', async () => {
        const source = await sharedClip('park_joy_480x270_50fps.y4m', folder);
        const { result, outputPath } = await encodeClip(folder, source, { container: 'mp4' });
        expect(result).toMatchObject({ frames: 10, width: 480, height: 270 });
        expectSamePlaces(
            await psnrByFrame({ path: outputPath }, { path: source }, { frames: 10 }),
            result,
        );
        expectTimes(
            await frameTimes({ path: outputPath }),
            await frameTimes({ path: source }),
            1e-6,
        );
    });
});

describe('raw video of 10 bits', () => {
    it('is dithered to 8 bits and says so', async () => {
        const path = await sharedClip('src01_576x324_yuv420p10le.yuv', folder);
        const raw = { width: 576, height: 324, fps: { num: 24, den: 1 }, pixelFormat: '420p10' };
        const { result, outputPath } = await encodeClip(folder, { path, kind: 'raw', raw });
        expect(result.frames).toBe(3);
        expect(result.notes.join()).toMatch(/10 bits per sample/);
        const measured = await psnrByFrame(
            { path: outputPath },
            {
                path,
                inputArguments: [
                    '-f',
                    'rawvideo',
                    '-video_size',
                    '576x324',
                    '-pixel_format',
                    'yuv420p10le',
                ],
            },
            { frames: 3, filterB: 'format=yuv420p' },
        );
        // The measuring ffmpeg dithers again, not bit by bit alike.
        expectSamePlaces(measured, result, 0.2);
        expectTimes(await frameTimes({ path: outputPath }), [0, 1 / 24, 2 / 24], 6e-6);
    });
});
