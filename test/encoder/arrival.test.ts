/** Sources that are still on their way while they are encoded. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { DEFAULT_LIMITS, type EncodeEvent, type JobInput } from '../../src/encoder/index.js';
import { readsFrontToBack } from '../../src/encoder/front-to-back.js';
import { encodeClip, encodeFails, type Encoded, type JobOverrides } from './helpers/job.js';
import { ffmpeg, output, programs, temporaryFolder } from './helpers/media.js';
import { SlowArrival } from './helpers/slow-arrival.js';

const folder = await temporaryFolder();
const VIDEO = ['-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=25:d=1.2'];
const SOUND = ['-f', 'lavfi', '-i', 'sine=d=1.4'];
const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-pix_fmt', 'yuv420p'];

/** Clips by ending, made once. */
async function clip(name: string, ...args: string[]): Promise<string> {
    const path = join(folder, name);
    if (!existsSync(path)) await ffmpeg(...VIDEO, ...SOUND, ...args, path);
    return path;
}

const mp4 = async (name: string, flags: string): Promise<string> =>
    clip(name, ...X264, '-c:a', 'aac', '-movflags', flags);

const CLIPS: Readonly<Record<string, () => Promise<string>>> = {
    'MP4 with its index first': async () => mp4('first.mp4', '+faststart'),
    'MPEG transport stream': async () => clip('clip.ts', ...X264, '-c:a', 'aac'),
    'MPEG program stream': async () => clip('clip.mpg', '-c:v', 'mpeg2video', '-c:a', 'mp2'),
    Matroska: async () => clip('clip.mkv', ...X264, '-c:a', 'aac'),
    'Matroska whose tags come last': async () => {
        const path = join(folder, 'tags.mkv');
        await output(programs.mkvmerge, ['-q', '-o', path, await clip('clip.mkv')]);
        return path;
    },
    WebM: async () => clip('clip.webm', '-c:v', 'libvpx', '-c:a', 'libopus'),
    FLV: async () => clip('clip.flv', '-c:v', 'flv1', '-c:a', 'libmp3lame', '-ar', '44100'),
    Ogg: async () => clip('clip.ogv', '-c:v', 'libtheora', '-c:a', 'libvorbis'),
    YUV4MPEG2: async () => clip('clip.y4m', '-map', '0:v', '-pix_fmt', 'yuv420p'),
    'MP4 with its index last': async () => mp4('last.mp4', '-faststart'),
    'fragmented MP4': async () => mp4('fragments.mp4', 'frag_keyframe+empty_moov'),
    AVI: async () => clip('clip.avi', '-c:v', 'mpeg4', '-c:a', 'libmp3lame'),
};

const WAITS = ['MP4 with its index last', 'fragmented MP4', 'AVI'];
let arrivals = 0;

/** An input of which nothing is here yet. */
async function arriving(path: string): Promise<[SlowArrival, JobInput & { arrival: SlowArrival }]> {
    arrivals += 1;
    const to = join(folder, `arrived-${arrivals}`);
    const arrival = await SlowArrival.of(path, to);
    return [arrival, { path: to, kind: 'container', arrival }];
}

const digest = ({ outputPath }: Encoded): string =>
    createHash('sha256').update(readFileSync(outputPath)).digest('hex');

const logLines = (events: readonly EncodeEvent[]): string[] =>
    events.flatMap((event) => (event.type === 'log' ? [event.line] : []));

const RAW = { width: 160, height: 90, fps: { num: 25, den: 1 }, pixelFormat: 'yuv420p' };
const RAW_FRAME_BYTES = (160 * 90 * 3) / 2;

async function rawClip(): Promise<string> {
    return clip('clip.yuv', '-map', '0:v', '-pix_fmt', 'yuv420p', '-f', 'rawvideo');
}

async function arrivingRaw(): Promise<[SlowArrival, JobInput]> {
    const [arrival, { path }] = await arriving(await rawClip());
    return [arrival, { path, kind: 'raw', raw: RAW, arrival }];
}

it.each(Object.keys(CLIPS))('%s: the result is that of the whole file', async (name) => {
    const path = (await CLIPS[name]?.()) ?? '';
    // Of everything in the container: video, times, sound.
    const whole = await encodeClip(folder, path, { container: 'mp4' });
    const [arrival, input] = await arriving(path);
    arrival.isOnDemand = true;
    const parts = await encodeClip(folder, input, { container: 'mp4' });
    expect(digest(parts)).toBe(digest(whole));
    const { encodeSeconds: _, encodeFps: __, sourceWaitSeconds: ___, ...facts } = parts.result;
    expect(whole.result).toMatchObject(facts);
    const lines = logLines(parts.events);
    const isAwaited = lines.some((line) => line.includes('all of it is awaited'));
    expect(isAwaited).toBe(WAITS.includes(name));
    expect(lines.filter((line) => line.includes('again'))).toEqual([]);
});

/** Encodes raw video of which `frames` are here at first. */
async function encodePart(
    frames: number,
    onFrame: (arrival: SlowArrival) => void,
    overrides: JobOverrides = {},
): Promise<Encoded> {
    const [arrival, input] = await arrivingRaw();
    arrival.arrive(frames * RAW_FRAME_BYTES);
    let isTold = false;
    return encodeClip(folder, input, {
        ...overrides,
        onEvent(event) {
            if (event.type !== 'progress' || event.frame === 0 || isTold) return;
            isTold = true;
            onFrame(arrival);
        },
    });
}

/** Completes it a while after the encoder has got all bytes, so that it has waited. */
async function completeLate(arrival: SlowArrival): Promise<void> {
    await arrival.endIsAwaited();
    await delay(50);
    await arrival.complete();
}

it('raw video is encoded before all of it is here, and only then it is a result', async () => {
    let here = 0;
    const { result } = await encodePart(25, (arrival) => {
        here = arrival.bytes;
        arrival.arrive(arrival.sizeBytes);
        void completeLate(arrival);
    });
    expect(here).toBe(25 * RAW_FRAME_BYTES);
    expect(result.frames).toBe(30);
    expect(result.sourceWaitSeconds).toBeGreaterThan(0);
});

const failing = async (frames: number, act: (arrival: SlowArrival) => void, more = {}) => {
    const [arrival, input] = await arrivingRaw();
    arrival.arrive(frames * RAW_FRAME_BYTES);
    const onEvent = (event: EncodeEvent): void => {
        if (event.type === 'phase' && event.phase === 'encoding') act(arrival);
    };
    return encodeFails(folder, input, { onEvent, ...more });
};

it('what does not arrive, or is not what it should be, is no result', async () => {
    const cause = new Error('the digest is another one');
    const lost = await failing(30, (arrival) => arrival.fail(cause));
    expect(lost).toMatchObject({ code: 'INPUT_LOST', cause });
});

it('a cancel ends the waiting for bytes', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const error = await failing(20, () => controller.abort(), { signal });
    expect(error.code).toBe('CANCELLED');
    // Before anything is known of it, too.
    const soon = new AbortController();
    const [, input] = await arriving((await CLIPS['Matroska']?.()) ?? '');
    const ending = encodeFails(folder, input, { signal: soon.signal });
    soon.abort();
    expect((await ending).code).toBe('CANCELLED');
});

it('a link that brings nothing ends the job, one that is slow does not', async () => {
    const dead = await failing(20, () => undefined, {
        limits: { ...DEFAULT_LIMITS, stallMs: 1_000 },
    });
    expect(dead).toMatchObject({ code: 'STALLED', transient: true });

    const [arrival, input] = await arriving((await CLIPS['MP4 with its index last']?.()) ?? '');
    const limits = { ...DEFAULT_LIMITS, stallMs: 4_000 };
    const trickle = async (): Promise<void> => {
        // Longer than the watchdog would wait for anything to move.
        for (let tenth = 0; tenth < 50; tenth += 1) {
            arrival.arrive(10);
            await delay(100);
        }
        await arrival.complete();
    };
    const [{ result }] = await Promise.all([encodeClip(folder, input, { limits }), trickle()]);
    expect(result.frames).toBe(30);
});

it('a source that is cut off is refused as the whole file would be', async () => {
    const cut = join(folder, 'cut.mp4');
    writeFileSync(cut, readFileSync(await mp4('first.mp4', '+faststart')));
    truncateSync(cut, Math.floor(statSync(cut).size * 0.8));
    const [arrival, input] = await arriving(cut);
    const failing = encodeFails(folder, input);
    await arrival.complete();
    expect((await failing).code).toBe('INPUT_TRUNCATED');
});

it('what the whole file says otherwise than its beginning makes it encode again', async () => {
    // The index at the beginning is that of another file until all is here.
    const path = (await CLIPS['Matroska']?.()) ?? '';
    const other = await clip('other.mkv', ...X264, '-vf', 'scale=80:46', '-c:a', 'aac');
    const [arrival, input] = await arriving(path);
    const beginning = await SlowArrival.of(other, join(folder, 'nowhere'));
    beginning.arrive(beginning.sizeBytes);
    arrival.isOnDemand = true;
    const read = arrival.read.bind(arrival);
    arrival.read = async (offset, signal) => {
        const isThere = offset < beginning.bytes;
        return isThere ? beginning.read(offset, signal) : read(arrival.sizeBytes, signal);
    };
    const { result, events } = await encodeClip(folder, input);
    expect(result).toMatchObject({ width: 160, frames: 30 });
    expect(logLines(events).some((line) => line.includes('encoded again'))).toBe(true);
});

it.each([
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(2000)],
    ['a box without end', Buffer.from('\x00\x00\x00\x00ftyp', 'latin1')],
    ['a box within itself', Buffer.from('\x00\x00\x00\x04ftypmoov', 'latin1')],
    ['text', Buffer.from('YUV4MPEG1 W16 H16')],
])('%s is not taken for what can be read in order', async (_, bytes) => {
    const read = async (offset: number, length: number): Promise<Buffer> =>
        bytes.subarray(offset, offset + length);
    expect(await readsFrontToBack(read)).toBe(false);
});
