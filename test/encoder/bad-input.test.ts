/** What cannot be encoded is told apart, in one line, and leaves nothing behind. */
import { copyFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/encoder/index.js';
import { encodeClip, encodeFails } from './helpers/job.js';
import { ffmpeg, sharedClip, temporaryFolder } from './helpers/media.js';

const folder = await temporaryFolder();
const file = (name: string): string => join(folder, name);

describe('no video', () => {
    it('a text file', async () => {
        await writeFile(file('text.mp4'), 'This is no video.\n'.repeat(1000));
        const error = await encodeFails(folder, file('text.mp4'));
        expect(error).toMatchObject({
            code: 'INPUT_NOT_MEDIA',
            program: 'ffprobe',
            transient: false,
        });
        expect(error.stderrTail).toMatch(/Invalid data/);
    });

    it('an empty file', async () => {
        await writeFile(file('empty.mp4'), '');
        expect(await encodeFails(folder, file('empty.mp4'))).toMatchObject({ code: 'INPUT_EMPTY' });
    });

    it('a file that is not there, and a folder', async () => {
        expect(await encodeFails(folder, file('none.mp4'))).toMatchObject({
            code: 'INPUT_NOT_MEDIA',
        });
        expect(await encodeFails(folder, folder)).toMatchObject({ code: 'INPUT_NOT_MEDIA' });
    });

    it('sound only', async () => {
        await ffmpeg('-f', 'lavfi', '-i', 'sine=duration=1', file('sound.mp4'));
        const error = await encodeFails(folder, file('sound.mp4'));
        expect(error).toMatchObject({ code: 'INPUT_NO_VIDEO' });
        expect(error.message).toContain('only audio');
    });

    it('sound with a cover picture', async () => {
        await ffmpeg(
            '-f',
            'lavfi',
            '-i',
            'testsrc=size=64x64',
            '-frames:v',
            '1',
            file('cover.png'),
        );
        await ffmpeg(
            ...[
                '-f',
                'lavfi',
                '-i',
                'sine=duration=1',
                '-i',
                file('cover.png'),
                '-map',
                '0',
                '-map',
            ],
            ...['1', '-c:v', 'copy', '-disposition:v', 'attached_pic', file('cover.m4a')],
        );
        expect(await encodeFails(folder, file('cover.m4a'))).toMatchObject({
            code: 'INPUT_NO_VIDEO',
        });
    });

    it('a video stream without frames', async () => {
        await ffmpeg(
            ...['-f', 'lavfi', '-i', 'testsrc=size=64x64:duration=1', '-frames:v', '0'],
            ...['-c:v', 'mpeg4', '-movflags', '+empty_moov', file('no-frames.mp4')],
        );
        expect(await encodeFails(folder, file('no-frames.mp4'))).toMatchObject({
            code: 'INPUT_NO_FRAMES',
        });
    });

    it('a playlist under the name of a video', async () => {
        const secret = await sharedClip('park_joy_480x270_50fps.y4m', folder);
        for (const text of [
            `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://${secret}\n#EXT-X-ENDLIST\n`,
            `ffconcat version 1.0\nfile '${secret}'\n`,
        ]) {
            await writeFile(file('list.mp4'), text);
            const error = await encodeFails(folder, file('list.mp4'));
            expect(error.code).toBe('INPUT_NOT_MEDIA');
        }
    });
});

describe('a file that is cut off', () => {
    /** Each as the container writes it when it comes to its end. */
    const clips: Record<string, readonly string[]> = {
        'index-first.mp4': ['-c:v', 'libx264', '-c:a', 'aac', '-movflags', '+faststart'],
        'index-last.mp4': ['-c:v', 'libx264', '-c:a', 'aac'],
        'fragments.mp4': [
            '-c:v',
            'libx264',
            '-c:a',
            'aac',
            '-movflags',
            '+frag_keyframe',
            '-g',
            '10',
        ],
        'clip.mkv': ['-c:v', 'libx264', '-c:a', 'aac'],
        'clip.webm': [
            '-c:v',
            'libvpx',
            '-deadline',
            'realtime',
            '-cpu-used',
            '8',
            '-c:a',
            'libopus',
        ],
        'clip.avi': ['-c:v', 'mpeg4', '-c:a', 'mp3'],
        'clip.flv': ['-c:v', 'flv1', '-c:a', 'aac'],
        'clip.wmv': ['-c:v', 'wmv2', '-c:a', 'wmav2'],
        'clip.gif': ['-an'],
        'clip.y4m': ['-an', '-pix_fmt', 'yuv420p'],
    };

    beforeAll(async () => {
        const source = [
            ...['-f', 'lavfi', '-i', 'testsrc2=size=96x64:rate=25:duration=3'],
            ...['-f', 'lavfi', '-i', 'sine=duration=3', '-pix_fmt', 'yuv420p'],
        ];
        const outputs = Object.entries(clips).map(([name, codecs]) =>
            ffmpeg(
                ...source,
                ...(name.endsWith('gif') ? ['-pix_fmt', 'pal8'] : []),
                ...codecs,
                file(name),
            ),
        );
        await Promise.all(outputs);
    });

    it.each(Object.keys(clips))('%s is encoded whole', async (name) => {
        const { result } = await encodeClip(folder, file(name));
        expect(result.frames).toBeGreaterThanOrEqual(74);
    });

    it.each(Object.keys(clips))('%s fails at each point', async (name) => {
        const { size } = await stat(file(name));
        const codes: string[] = [];
        for (const share of [0.15, 0.5, 0.9]) {
            const cut = file(`cut-${share}-${name}`);
            await copyFile(file(name), cut);
            await truncate(cut, Math.floor(size * share));
            codes.push((await encodeFails(folder, cut)).code);
        }
        for (const code of codes) {
            expect(['INPUT_TRUNCATED', 'INPUT_NOT_MEDIA', 'INPUT_NO_FRAMES']).toContain(code);
        }
        expect(codes.at(-1)).toBe('INPUT_TRUNCATED');
    });

    describe('in a format that recorders may end anywhere', () => {
        const recordings: Record<string, readonly string[]> = {
            'clip.ts': ['-c:v', 'mpeg2video', '-c:a', 'mp2'],
            'clip.m2ts': ['-c:v', 'libx264', '-c:a', 'ac3'],
            'clip.mpg': ['-c:v', 'mpeg2video', '-c:a', 'mp2'],
            'clip.ogv': ['-c:v', 'libtheora', '-c:a', 'libvorbis'],
        };

        it.each(Object.entries(recordings))('%s', async (name, codecs) => {
            await ffmpeg(
                ...['-f', 'lavfi', '-i', 'testsrc2=size=96x64:rate=25:duration=3'],
                ...['-f', 'lavfi', '-i', 'sine=duration=3', '-pix_fmt', 'yuv420p'],
                ...[...codecs, file(name)],
            );
            const whole = await encodeClip(folder, file(name), { strict: true });
            expect(whole.result.frames).toBeGreaterThanOrEqual(74);
            expect(whole.result.notes).toEqual([]);

            const { size } = await stat(file(name));
            const cut = file(`cut-${name}`);
            await copyFile(file(name), cut);
            await truncate(cut, Math.floor(size / 2) + 1);
            const { result } = await encodeClip(folder, cut);
            expect(result.frames).toBeGreaterThan(10);
            expect(result.frames).toBeLessThan(70);
            expect(result.notes.join()).toMatch(/may be cut off/);
            expect(await encodeFails(folder, cut, { strict: true })).toMatchObject({
                code: 'INPUT_DAMAGED',
                transient: false,
            });
        });
    });

    it('a raw file that is no whole number of frames', async () => {
        await writeFile(file('short.yuv'), Buffer.alloc(64 * 64 * 1.5 * 2 + 7));
        const raw = { width: 64, height: 64, fps: { num: 25, den: 1 }, pixelFormat: 'i420' };
        const error = await encodeFails(folder, { path: file('short.yuv'), kind: 'raw', raw });
        expect(error).toMatchObject({ code: 'RAW_SIZE_MISMATCH' });
        expect(error.message).toContain('6144');
    });
});

describe('a source with flipped bits', () => {
    it('is encoded with a note, and refused by `strict` at the first complaint', async () => {
        await ffmpeg(
            ...['-f', 'lavfi', '-i', 'testsrc2=size=96x64:rate=25:duration=2'],
            ...['-pix_fmt', 'yuv420p', '-c:v', 'libx264', file('flipped.mkv')],
        );
        const bytes = Buffer.from(await readFile(file('flipped.mkv')));
        for (let at = 6000; at < bytes.length - 2000; at += 3001) {
            bytes[at] = (bytes[at] ?? 0) ^ 0x55;
        }
        await writeFile(file('flipped.mkv'), bytes);
        const { result } = await encodeClip(folder, file('flipped.mkv'));
        expect(result.notes.join()).toMatch(/the source is damaged: ffmpeg complained \d+ times/);
        const error = await encodeFails(folder, file('flipped.mkv'), { strict: true });
        expect(error.code).toBe('INPUT_DAMAGED');
        expect(error.message).toMatch(/^the input is damaged: [^[]/);
    });
});

describe('limits', () => {
    it('refuses long sources by what they declare', async () => {
        const source = await sharedClip('car-detection.mp4', folder);
        const limits = { ...DEFAULT_LIMITS, durationSeconds: 5 };
        const error = await encodeFails(folder, source, { limits });
        expect(error).toMatchObject({ code: 'INPUT_TOO_LONG' });
    });

    it('refuses long sources that declare nothing', async () => {
        const path = file('long.h264');
        await ffmpeg(
            ...['-f', 'lavfi', '-i', 'testsrc2=size=64x64:rate=25:duration=20'],
            ...['-pix_fmt', 'yuv420p', path],
        );
        const limits = { ...DEFAULT_LIMITS, durationSeconds: 5 };
        expect(await encodeFails(folder, path, { limits })).toMatchObject({
            code: 'INPUT_TOO_LONG',
        });
    });

    it('refuses large pictures', async () => {
        const source = await sharedClip('car-detection.mp4', folder);
        const limits = { ...DEFAULT_LIMITS, maxPixels: 100_000 };
        const error = await encodeFails(folder, source, { limits });
        expect(error).toMatchObject({ code: 'INPUT_TOO_LARGE' });
    });
});

describe('raw video that is not described well', () => {
    it.each([
        [{ pixelFormat: 'yuv999' }, 'RAW_FORMAT_UNKNOWN'],
        [{ width: 0 }, 'RAW_FORMAT_UNKNOWN'],
        [{ width: 20_000, height: 20_000 }, 'INPUT_TOO_LARGE'],
    ])('%o', async (change, code) => {
        const path = await sharedClip('src01_576x324_yuv420p10le.yuv', folder);
        const raw = { width: 576, height: 324, fps: { num: 25, den: 1 }, pixelFormat: '420p10' };
        const error = await encodeFails(folder, { path, kind: 'raw', raw: { ...raw, ...change } });
        expect(error.code).toBe(code);
    });
});
