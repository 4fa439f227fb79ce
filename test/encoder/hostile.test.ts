/**
 * Files that mean harm or were harmed. The encoder answers each with a failure, or with a success
 * that is true, within its time limit; and it opens no file but the input.
 *
 * KVZ_HOSTILE_FLIPS sets how many files with flipped bits are tried (default 12).
 */
import { copyFile, mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, EncodeError } from '../../src/encoder/index.js';
import type { EncodeResult } from '../../src/encoder/index.js';
import {
    HOSTILE_SOURCES as SOURCES,
    box,
    filesNaming,
    flipBits,
    makeSources,
    randomNumbers,
} from './helpers/hostile-files.js';
import { encodeClip } from './helpers/job.js';
import { frameTimes } from './helpers/measure.js';
import { ffmpeg, temporaryFolder } from './helpers/media.js';

const folder = await temporaryFolder();
const file = (name: string): string => join(folder, name);
const FLIPS = Number(process.env['KVZ_HOSTILE_FLIPS'] ?? 12);
const LIMITS = { ...DEFAULT_LIMITS, wallClockMs: 30_000, stallMs: 10_000, durationSeconds: 60 };

beforeAll(() => makeSources(folder));

/** Encodes; a success is decoded and must have as many frames as it says. */
async function answer(
    path: string,
    sandbox: 'auto' | 'off' = 'auto',
): Promise<EncodeError | EncodeResult> {
    try {
        const { result, outputPath } = await encodeClip(folder, path, { limits: LIMITS, sandbox });
        expect(await frameTimes({ path: outputPath })).toHaveLength(result.frames);
        return result;
    } catch (error) {
        if (!(error instanceof EncodeError)) throw error;
        expect(error.message).not.toContain('\n');
        expect(['TIME_LIMIT', 'STALLED', 'VERIFICATION_FAILED']).not.toContain(error.code);
        return error;
    }
}

describe('flipped bits', () => {
    it.each(Object.keys(SOURCES))(
        '%s',
        async (name) => {
            const random = randomNumbers(0x4b_56_5a);
            const share = Math.max(1, Math.ceil(FLIPS / Object.keys(SOURCES).length));
            const { size } = await stat(file(name));
            const whole = (await frameTimes({ path: file(name) })).length;
            for (let round = 0; round < share; round++) {
                const path = file(`flipped-${round}-${name}`);
                // One in two rounds only in the headers, where damage does the most.
                const end = round % 2 === 0 ? size : Math.min(size, 2048);
                const bytes = flipBits(await readFile(file(name)), end, random);
                await writeFile(path, bytes);
                const outcome = await answer(path);
                // Pictures must not come from nowhere.
                if (!(outcome instanceof EncodeError)) {
                    expect(outcome.sourceFrames).toBeLessThanOrEqual(whole + 2);
                }
            }
        },
        300_000,
    );
});

describe('cut off at every tenth', () => {
    it.each(['clip.mp4', 'clip.mkv', 'clip.ts'])(
        '%s',
        async (name) => {
            const { size } = await stat(file(name));
            const whole = (await frameTimes({ path: file(name) })).length;
            for (let tenth = 1; tenth < 10; tenth++) {
                const path = file(`cut-${tenth}-${name}`);
                await copyFile(file(name), path);
                await truncate(path, Math.floor((size * tenth) / 10));
                const outcome = await answer(path);
                if (outcome instanceof EncodeError) continue;
                // A transport stream declares no length; what is there is encoded and no more told.
                expect(name).toBe('clip.ts');
                expect(outcome.sourceFrames).toBeLessThan(whole);
            }
        },
        120_000,
    );
});

describe('files that name other files', () => {
    /** A valid video that nobody may reach through another file. */
    const bait = file('bait.mp4');
    beforeAll(() => copyFile(file('clip.mp4'), bait));

    it.each(Object.entries(filesNaming(bait)))('%s', async (name, content) => {
        const path = file(name);
        await writeFile(path, content);
        // The whitelists have to do without the sandbox's help.
        const outcome = await answer(path, 'off');
        if (!(outcome instanceof EncodeError)) throw new Error(`${name} was encoded`);
        expect(outcome.code).toMatch(/^INPUT_/);
    });

    it('names that look like protocols and options are names', async () => {
        const odd = file('concat:x|y -vf');
        await mkdir(odd, { recursive: true });
        for (const name of [
            '-i.mp4',
            'pipe:0.mp4',
            'http:',
            '%d.mp4',
            "quo'te.mp4",
            'new\nline.mp4',
        ]) {
            const path = join(odd, name);
            await copyFile(file('clip.mp4'), path);
            const { result } = await encodeClip(folder, path, { container: 'mp4' });
            expect(result.sourceFrames).toBe(50);
        }
    });
});

describe('declarations that are out of all proportion', () => {
    it('a picture of 65535x65535', async () => {
        const path = file('huge.y4m');
        await writeFile(path, 'YUV4MPEG2 W65535 H65535 F25:1 C420\nFRAME\n');
        expect(await answer(path)).toMatchObject({ code: expect.stringMatching(/^INPUT_/) });
    });

    it('an MP4 whose track header promises a large picture', async () => {
        const bytes = Buffer.from(await readFile(file('clip.mp4')));
        const at = bytes.indexOf('avc1', bytes.indexOf('stsd')) + 28;
        bytes.writeUInt16BE(65_535, at);
        bytes.writeUInt16BE(65_535, at + 2);
        await writeFile(file('promise.mp4'), bytes);
        const outcome = await answer(file('promise.mp4'));
        // The stream itself knows its size; either answer is true.
        expect(outcome instanceof EncodeError || outcome.width === 96).toBe(true);
    });

    it('a million frames declared, none there', async () => {
        const bytes = Buffer.from(await readFile(file('clip.mp4')));
        const at = bytes.indexOf('stsz') + 12;
        bytes.writeUInt32BE(1_000_000, at);
        await writeFile(file('million.mp4'), bytes);
        const outcome = await answer(file('million.mp4'));
        expect(outcome instanceof EncodeError || outcome.sourceFrames <= 52).toBe(true);
    });

    it('boxes in boxes in boxes', async () => {
        let nested: Buffer = Buffer.alloc(0);
        for (let depth = 0; depth < 20_000; depth++) nested = box('moov', nested);
        await writeFile(
            file('nested.mp4'),
            Buffer.concat([box('ftyp', Buffer.from('isom')), nested]),
        );
        expect(await answer(file('nested.mp4'))).toBeInstanceOf(EncodeError);
    });

    it('more streams than allowed', async () => {
        const maps = Array.from({ length: 80 }, () => ['-map', '0']).flat();
        await ffmpeg('-i', file('clip.avi'), ...maps, '-c', 'copy', file('streams.mkv'));
        const outcome = await answer(file('streams.mkv'));
        if (outcome instanceof EncodeError) expect(outcome.code).toMatch(/^INPUT_/);
        else expect(outcome.audioTracks.length).toBeLessThanOrEqual(LIMITS.maxStreams);
    });
});
