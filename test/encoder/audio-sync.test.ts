/** Sound and picture stay together, whatever the source's clock looks like. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeClip } from './helpers/job.js';
import { audioLag, frameTimes, probeFile } from './helpers/measure.js';
import { ffmpeg, temporaryFolder } from './helpers/media.js';

const folder = await temporaryFolder();
const plain = join(folder, 'plain.mp4');

/** Noise can be found again in noise at one place only. */
const NOISE = 'anoisesrc=color=pink:amplitude=0.5:seed=7:duration=4:sample_rate=48000';
const FRAME_SECONDS = 1001 / 30_000;

beforeAll(async () => {
    await ffmpeg(
        ...['-f', 'lavfi', '-i', 'testsrc2=size=128x96:rate=30000/1001:duration=4'],
        ...['-f', 'lavfi', '-i', NOISE, '-pix_fmt', 'yuv420p'],
        // ffmpeg's AAC encoder puts 1024 samples of run-up before zero.
        ...['-c:v', 'libx264', '-preset', 'veryfast', '-c:a', 'aac', '-b:a', '128k', plain],
    );
});

/** Clips with the same content on different clocks. */
const sources: Record<string, () => Promise<string>> = {
    'an MP4 whose audio has run-up before zero': () => Promise.resolve(plain),
    'a transport stream that starts at 1.4 s': () => remux('stream.ts'),
    'a Matroska file moved by the run-up': () => remux('moved.mkv'),
    'video that starts 0.5 s after the sound': () => delayed('late-video.mp4', 'v', 'a'),
    'sound that starts 0.5 s after the video': () => delayed('late-audio.mp4', 'a', 'v'),
    'video that starts late in a transport stream': async () => {
        const late = await delayed('late-for-ts.mp4', 'v', 'a');
        const path = join(folder, 'late.ts');
        await ffmpeg('-i', late, '-c', 'copy', path);
        return path;
    },
};

async function remux(name: string): Promise<string> {
    const path = join(folder, name);
    await ffmpeg('-i', plain, '-c', 'copy', path);
    return path;
}

async function delayed(name: string, late: 'a' | 'v', early: 'a' | 'v'): Promise<string> {
    const path = join(folder, name);
    await ffmpeg(
        ...['-i', plain, '-itsoffset', '0.5', '-i', plain],
        ...['-map', `0:${early}`, '-map', `1:${late}`, '-c', 'copy', path],
    );
    return path;
}

describe.each(Object.keys(sources))('%s', (name) => {
    it.each(['mp4', 'mkv'] as const)('is in sync as %s at start and end', async (container) => {
        const path = await (sources[name] ?? fail)();
        const { outputPath, result } = await encodeClip(folder, path, {
            container,
            logo: { enabled: true, seconds: 0.5 },
        });
        const startSeconds = Number((await probeFile(path)).format.start_time);
        const lags = await audioLag({ path, startSeconds }, { path: outputPath }, [0.6, 3.3]);
        for (const lag of lags) expect(Math.abs(lag)).toBeLessThan(0.002);

        const expected = (await frameTimes({ path })).map((time) => time - startSeconds);
        const actual = (await frameTimes({ path: outputPath })).slice(0, result.sourceFrames);
        expect(actual).toHaveLength(expected.length);
        const worst = Math.max(
            ...actual.map((time, frame) => Math.abs(time - (expected[frame] ?? Number.NaN))),
        );
        expect(worst).toBeLessThan(0.000_02);
        expect(worst).toBeLessThan(FRAME_SECONDS);
    });
});

function fail(): never {
    throw new Error('no such source');
}
