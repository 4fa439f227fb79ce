/** Grey pictures of containers: which range their samples are taken to have, and keep. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { encodeClip } from './helpers/job.js';
import { probeFile } from './helpers/measure.js';
import { binaryOutput, ffmpeg, programs, temporaryFolder } from './helpers/media.js';

const folder = await temporaryFolder();
const [WIDTH, HEIGHT, FRAMES] = [96, 64, 5];

/** A grey clip of limited range. */
async function clip(name: string, ...options: string[]): Promise<string> {
    const path = join(folder, name);
    await ffmpeg(
        ...['-f', 'lavfi', '-i', `testsrc2=size=${WIDTH}x${HEIGHT}:rate=25`],
        ...['-frames:v', String(FRAMES), '-color_range', 'tv', ...options, path],
    );
    return path;
}

/** Planes as they are coded, without a conversion that would know of ranges. */
async function planes(path: string, names: string): Promise<Buffer> {
    return binaryOutput(programs.ffmpeg, [
        ...['-v', 'error', '-i', path, '-filter_complex', `[0:v]extractplanes=${names}`],
        ...['-f', 'rawvideo', 'pipe:1'],
    ]);
}

it('grey H.264 that says nothing of its range is limited, as the standard has it', async () => {
    const path = await clip('untagged.h264', '-c:v', 'libx264', '-pix_fmt', 'gray');
    const [source] = (await probeFile(path)).streams;
    expect(source?.color_range).toBeUndefined();

    const { result, outputPath } = await encodeClip(folder, path, { kvazaar: ['--lossless'] });
    expect(result.frames).toBe(FRAMES);
    expect((await probeFile(outputPath)).streams[0]?.color_range).toBe('tv');
    const luma = await planes(outputPath, 'y');
    expect(luma).toHaveLength(WIDTH * HEIGHT * FRAMES);
    expect(luma.equals(await planes(path, 'y'))).toBe(true);
    expect((await planes(outputPath, 'u')).every((sample) => sample === 128)).toBe(true);
});

it('16-bit grey with transparency keeps a limited range that it declares', async () => {
    const path = await clip(
        'limited.mkv',
        ...['-vf', 'scale=out_range=tv,format=gray16le,format=ya16le', '-c:v', 'tiff'],
    );
    const [source] = (await probeFile(path)).streams;
    expect(source).toMatchObject({ pix_fmt: 'ya16le', color_range: 'tv' });

    const { result, outputPath } = await encodeClip(folder, path, { kvazaar: ['--lossless'] });
    expect(result.frames).toBe(FRAMES);
    expect(result.notes.join()).toMatch(/16 bits/);
    expect((await probeFile(outputPath)).streams[0]?.color_range).toBe('tv');
    const luma = await planes(outputPath, 'y');
    const deep = await planes(path, 'y');
    expect(luma).toHaveLength(WIDTH * HEIGHT * FRAMES);
    const errors = Array.from(luma, (sample, at) =>
        Math.abs(sample - deep.readUInt16LE(2 * at) / 256),
    );
    // Rounding and dithering to eight bits.
    expect(Math.max(...errors)).toBeLessThanOrEqual(1);
});
