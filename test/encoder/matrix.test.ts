/**
 * Codec x container x pixel format x rate x size: each frame in its place, at its time.
 *
 * KVZ_MATRIX=wide adds codecs and containers that few people use.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeClip } from './helpers/job.js';
import { expectSamePlaces, expectTimes } from './helpers/expect.js';
import { frameTimes, probeFile, psnrByFrame } from './helpers/measure.js';
import { ffmpeg, temporaryFolder } from './helpers/media.js';

const folder = await temporaryFolder();

interface Clip {
    /** File name: the container. */
    name: string;
    /** ffmpeg's output options. */
    codec: readonly string[];
    size?: string;
    rate?: string;
    seconds?: number;
    container?: 'mp4' | 'mkv';
    /** How the measuring ffmpeg brings the source to the result's form. */
    sourceFilter?: string;
    resultFilter?: string;
    /** Conversions of the measuring ffmpeg are not bit by bit ours. */
    toleranceDb?: number;
    notes?: RegExp;
    /** The file has no times of its own: the first frame's in seconds. */
    startSeconds?: number;
    withoutLogo?: boolean;
}

const CONVERTED = { sourceFilter: 'format=yuv420p', toleranceDb: 0.5 };
const X265 = ['-c:v', 'libx265', '-x265-params', 'log-level=none'];

const CLIPS: readonly Clip[] = [
    { name: 'hevc.mp4', codec: [...X265, '-pix_fmt', 'yuv420p'] },
    {
        name: 'hevc-10.mkv',
        codec: [...X265, '-pix_fmt', 'yuv420p10le'],
        ...CONVERTED,
        notes: /10 bits/,
    },
    { name: 'vp8.webm', codec: ['-c:v', 'libvpx', '-deadline', 'realtime'] },
    { name: 'vp9.webm', codec: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime'], container: 'mp4' },
    { name: 'av1.mkv', codec: ['-c:v', 'libaom-av1', '-cpu-used', '8'], seconds: 0.4 },
    { name: 'mpeg1.mpg', codec: ['-c:v', 'mpeg1video'] },
    { name: 'mpeg2.ts', codec: ['-c:v', 'mpeg2video', '-bf', '2'], container: 'mp4' },
    { name: 'h264.ts', codec: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'] },
    {
        name: 'elementary.h264',
        codec: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'],
        startSeconds: 0,
    },
    { name: 'mpeg4-b.avi', codec: ['-c:v', 'mpeg4', '-bf', '2'], startSeconds: 0.04 },
    {
        name: 'prores.mov',
        codec: ['-c:v', 'prores_ks'],
        container: 'mp4',
        ...CONVERTED,
        notes: /10 bits/,
    },
    {
        name: 'dnxhr.mov',
        codec: ['-c:v', 'dnxhd', '-profile:v', 'dnxhr_sq', '-pix_fmt', 'yuv422p'],
        size: '256x144',
        ...CONVERTED,
    },
    {
        name: 'ffv1-422.mkv',
        codec: ['-c:v', 'ffv1', '-pix_fmt', 'yuv422p'],
        ...CONVERTED,
    },
    { name: 'ffv1-gray.mkv', codec: ['-c:v', 'ffv1', '-pix_fmt', 'gray'], ...CONVERTED },
    {
        name: 'ffv1-rgb.mkv',
        codec: ['-c:v', 'ffv1', '-pix_fmt', 'bgr0'],
        sourceFilter:
            'scale=out_color_matrix=smpte170m:flags=accurate_rnd+full_chroma_int,format=yuv420p',
        toleranceDb: 0.5,
        notes: /RGB pictures are converted/,
    },
    {
        name: 'mjpeg.avi',
        codec: ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'],
        sourceFilter: 'format=yuvj420p',
        resultFilter: 'format=yuvj420p',
    },
    { name: 'theora.ogv', codec: ['-c:v', 'libtheora'] },
    { name: 'sorenson.flv', codec: ['-c:v', 'flv1'] },
    { name: 'wmv2.wmv', codec: ['-c:v', 'wmv2'] },
    {
        name: 'palette.gif',
        codec: [],
        sourceFilter:
            'scale=out_color_matrix=smpte170m:flags=accurate_rnd+full_chroma_int,format=yuv420p',
        toleranceDb: 0.5,
        notes: /transparency is left out/,
    },
    { name: 'yuv444.y4m', codec: ['-pix_fmt', 'yuv444p'], ...CONVERTED },
    { name: 'utvideo.avi', codec: ['-c:v', 'utvideo', '-pix_fmt', 'yuv420p'] },
    { name: 'ntsc.mp4', codec: ['-c:v', 'libx264'], rate: '30000/1001', container: 'mp4' },
    { name: 'film.mkv', codec: ['-c:v', 'libx264'], rate: '24000/1001' },
    { name: 'slow.mp4', codec: ['-c:v', 'libx264'], rate: '1/2', seconds: 8, container: 'mp4' },
    { name: 'fast.mkv', codec: ['-c:v', 'libx264'], rate: '240', seconds: 0.3 },
    { name: 'one-frame.mp4', codec: ['-c:v', 'libx264', '-frames:v', '1'], container: 'mp4' },
    { name: 'smallest.mp4', codec: ['-c:v', 'libx264'], size: '64x64' },
    {
        name: 'largest.mkv',
        codec: ['-c:v', 'mpeg4', '-frames:v', '1'],
        size: '7680x4320',
        withoutLogo: true,
        container: 'mp4',
    },
    {
        name: 'variable.mkv',
        codec: ['-vf', "select='eq(n,0)+eq(n,1)+eq(n,7)+gt(n,15)'", '-c:v', 'libx264'],
        container: 'mp4',
    },
    {
        name: 'changing.ts',
        codec: ['-c:v', 'mpeg2video', '-vf', "select='not(eq(mod(n,5),3))'", '-fps_mode', 'vfr'],
    },
];

const RGB = {
    sourceFilter:
        'scale=out_color_matrix=smpte170m:flags=accurate_rnd+full_chroma_int,format=yuv420p',
    toleranceDb: 0.5,
    notes: /RGB pictures are converted/,
};

const WIDE_CLIPS: readonly Clip[] = [
    { name: 'h264.flv', codec: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'], container: 'mp4' },
    { name: 'h264.3gp', codec: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'] },
    { name: 'h264.nut', codec: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'] },
    { name: 'h264.m2ts', codec: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'], container: 'mp4' },
    { name: 'h264-open.mp4', codec: ['-c:v', 'libx264', '-x264-params', 'open-gop=1:keyint=5'] },
    {
        name: 'h264-422-10.mov',
        codec: ['-c:v', 'libx264', '-pix_fmt', 'yuv422p10le'],
        ...CONVERTED,
        notes: /10 bits/,
    },
    { name: 'h264-444.mp4', codec: ['-c:v', 'libx264', '-pix_fmt', 'yuv444p'], ...CONVERTED },
    { name: 'elementary.hevc', codec: [...X265, '-pix_fmt', 'yuv420p'], startSeconds: 0 },
    { name: 'hevc.ts', codec: [...X265, '-pix_fmt', 'yuv420p'], container: 'mp4' },
    {
        name: 'hevc-12.mkv',
        codec: [...X265, '-pix_fmt', 'yuv420p12le'],
        ...CONVERTED,
        notes: /12 bits/,
    },
    { name: 'vp8.mkv', codec: ['-c:v', 'libvpx', '-deadline', 'realtime'], container: 'mp4' },
    { name: 'vp9.ivf', codec: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime'] },
    { name: 'vp9.mp4', codec: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime'] },
    {
        name: 'vp9-10.webm',
        codec: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-pix_fmt', 'yuv420p10le'],
        ...CONVERTED,
        notes: /10 bits/,
    },
    { name: 'av1.mp4', codec: ['-c:v', 'libsvtav1', '-preset', '12'], size: '128x128' },
    // Packets have times of decoding only, the first of them zero: 0.08 s are for the reordering.
    {
        name: 'h264.asf',
        codec: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'],
        startSeconds: 0.08,
    },
    // ffmpeg writes no order of display for H.264 in MXF.
    {
        name: 'h264.mxf',
        codec: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'],
        startSeconds: 0,
        notes: /had no time of their own/,
    },
    // The last packet of a program stream has no time.
    { name: 'mpeg2.vob', codec: ['-c:v', 'mpeg2video'], startSeconds: 0, container: 'mp4' },
    { name: 'mpeg2-b.mxf', codec: ['-c:v', 'mpeg2video', '-b:v', '2M', '-bf', '2'] },
    { name: 'mpeg2.mxf', codec: ['-c:v', 'mpeg2video', '-b:v', '2M'] },
    { name: 'mpeg4.mp4', codec: ['-c:v', 'mpeg4', '-bf', '2'], container: 'mp4' },
    { name: 'mpeg4.mkv', codec: ['-c:v', 'mpeg4'] },
    { name: 'xvid.avi', codec: ['-c:v', 'libxvid'] },
    { name: 'msmpeg4.avi', codec: ['-c:v', 'msmpeg4'] },
    { name: 'wmv1.wmv', codec: ['-c:v', 'wmv1'], container: 'mp4' },
    { name: 'h263.3gp', codec: ['-c:v', 'h263'], size: '176x144' },
    {
        name: 'prores-4444.mov',
        codec: ['-c:v', 'prores_ks', '-profile:v', '4444', '-pix_fmt', 'yuv444p10le'],
        ...CONVERTED,
        notes: /12 bits/,
    },
    {
        name: 'dnxhd.mxf',
        codec: ['-c:v', 'dnxhd', '-b:v', '36M', '-pix_fmt', 'yuv422p'],
        size: '1920x1080',
        seconds: 0.2,
        ...CONVERTED,
    },
    {
        name: 'ffv1-10.mkv',
        codec: ['-c:v', 'ffv1', '-pix_fmt', 'yuv422p10le'],
        ...CONVERTED,
        notes: /10 bits/,
    },
    { name: 'ffv1-411.nut', codec: ['-c:v', 'ffv1', '-pix_fmt', 'yuv411p'], ...CONVERTED },
    { name: 'huffyuv.avi', codec: ['-c:v', 'huffyuv', '-pix_fmt', 'yuv422p'], ...CONVERTED },
    {
        name: 'mjpeg.mov',
        codec: ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'],
        sourceFilter: 'format=yuvj420p',
        resultFilter: 'format=yuvj420p',
        container: 'mp4',
    },
    {
        name: 'jpeg2000.mov',
        codec: ['-c:v', 'jpeg2000', '-pix_fmt', 'yuv420p'],
    },
    { name: 'png.mov', codec: ['-c:v', 'png', '-pix_fmt', 'rgb24'], ...RGB },
    { name: 'apng.apng', codec: ['-f', 'apng', '-plays', '1', '-pix_fmt', 'rgb24'], ...RGB },
    { name: 'qtrle.mov', codec: ['-c:v', 'qtrle', '-pix_fmt', 'rgb24'], ...RGB },
    { name: 'rawvideo.avi', codec: ['-c:v', 'rawvideo', '-pix_fmt', 'yuv420p'] },
    { name: 'rawvideo.mkv', codec: ['-c:v', 'rawvideo', '-pix_fmt', 'nv12'] },
    { name: 'theora.mkv', codec: ['-c:v', 'libtheora'], container: 'mp4' },
    { name: 'svq1.mov', codec: ['-c:v', 'svq1'], size: '96x64', ...CONVERTED },
    { name: 'rv20.rm', codec: ['-c:v', 'rv20'], size: '176x144' },
    { name: 'yuv420.y4m', codec: ['-pix_fmt', 'yuv420p'], rate: '24000/1001' },
    {
        name: 'yuv10.y4m',
        codec: ['-strict', '-1', '-pix_fmt', 'yuv420p10le'],
        ...CONVERTED,
        notes: /10 bits/,
    },
    { name: 'rate-15.mp4', codec: ['-c:v', 'libx264'], rate: '15', container: 'mp4' },
    { name: 'rate-50.mp4', codec: ['-c:v', 'libx264'], rate: '50' },
    { name: 'rate-59.94.mkv', codec: ['-c:v', 'libx264'], rate: '60000/1001', container: 'mp4' },
    { name: 'rate-119.88.mp4', codec: ['-c:v', 'libx264'], rate: '120000/1001', seconds: 0.3 },
    { name: 'one-frame.mkv', codec: ['-c:v', 'ffv1', '-pix_fmt', 'yuv420p', '-frames:v', '1'] },
    { name: 'two-frames.webm', codec: ['-c:v', 'libvpx', '-frames:v', '2'], container: 'mp4' },
    { name: 'hd.mp4', codec: ['-c:v', 'libx264'], size: '1920x1080', seconds: 0.2 },
    { name: 'uhd.mp4', codec: ['-c:v', 'mpeg4', '-frames:v', '2'], size: '3840x2160' },
    { name: 'narrow.mp4', codec: ['-c:v', 'libx264'], size: '64x1024', container: 'mp4' },
    { name: 'wide.mkv', codec: ['-c:v', 'libx264'], size: '2048x64' },
];

const isWide = process.env['KVZ_MATRIX'] === 'wide';

describe.each([...CLIPS, ...(isWide ? WIDE_CLIPS : [])])('$name', (clip) => {
    it(`becomes ${clip.container ?? 'mkv'}`, async () => {
        const path = join(folder, clip.name);
        const { size = '96x64', rate = '25', seconds = 0.8 } = clip;
        await ffmpeg(
            ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`],
            ...['-fps_mode', 'passthrough', ...clip.codec, path],
        );
        const { result, outputPath } = await encodeClip(folder, path, {
            container: clip.container ?? 'mkv',
            logo: { enabled: clip.withoutLogo !== true, seconds: 0.04 },
        });

        const times = await frameTimes({ path: outputPath });
        expect(times).toHaveLength(result.frames);
        expect(result.logoFrames > 0).toBe(clip.withoutLogo !== true);
        const { startSeconds } = clip;
        expectTimes(
            times.slice(0, result.sourceFrames),
            startSeconds === undefined
                ? await sourceTimes(path)
                : times.slice(0, result.sourceFrames).map((_, n) => n / 25 + startSeconds),
            0.000_02,
        );

        const measured = await psnrByFrame(
            { path: outputPath },
            { path },
            {
                frames: result.sourceFrames,
                ...(clip.resultFilter ? { filterA: clip.resultFilter } : {}),
                ...(clip.sourceFilter ? { filterB: clip.sourceFilter } : {}),
            },
        );
        expectSamePlaces(measured, result, clip.toleranceDb);
        if (clip.notes) expect(result.notes.join('\n')).toMatch(clip.notes);
        else expect(result.notes).toEqual([]);
    });
});

/** Times of the source's frames on the clock of the result. */
async function sourceTimes(path: string): Promise<number[]> {
    const zero = Math.max(0, Number((await probeFile(path)).format.start_time ?? 0));
    return (await frameTimes({ path })).map((time) => time - zero);
}
