/** A result that is not what it should be is not delivered. */
import { copyFile, open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/encoder/index.js';
import { lastRandomAccess, parameterSets } from '../../src/encoder/decode-result.js';
import { createLauncher } from '../../src/encoder/launcher.js';
import { planStreams } from '../../src/encoder/streams.js';
import { Supervisor } from '../../src/encoder/supervisor.js';
import { buildTimeline } from '../../src/encoder/timestamps.js';
import type { Timeline } from '../../src/encoder/timestamps.js';
import { verifyResult } from '../../src/encoder/verify.js';
import { encodeClip } from './helpers/job.js';
import { programs, sharedClip, temporaryFolder } from './helpers/media.js';

const folder = await temporaryFolder();
const source = await sharedClip('park_joy_480x270_50fps.y4m', folder);

/** 10 frames at 50 fps. */
const timeline = (pts = Array.from({ length: 10 }, (_, frame) => frame)): Timeline =>
    buildTimeline({
        pts,
        timeBase: { num: 1, den: 50 },
        fps: { num: 50, den: 1 },
        declaredEndSeconds: undefined,
        constantRate: false,
        logoFrames: 0,
    });

async function verify(
    resultPath: string,
    container: 'hevc' | 'mkv',
    expected = timeline(),
    decodesAll = false,
): Promise<void> {
    const launcher = await createLauncher({
        programs,
        workDir: folder,
        limits: DEFAULT_LIMITS,
        niceness: 0,
        sandbox: 'off',
    });
    const supervisor = new Supervisor({
        launcher,
        limits: DEFAULT_LIMITS,
        onLog: () => undefined,
        measureActivity: () => Promise.resolve(0),
    });
    try {
        await verifyResult(supervisor, {
            programs,
            resultPath,
            container,
            timeline: expected,
            streams: planStreams(container, []),
            workDir: folder,
            decodesAll,
        });
    } finally {
        await supervisor.close();
    }
}

/** Overwrites bytes in the middle of the last fifth of a copy. */
async function damaged(path: string): Promise<string> {
    const copy = join(folder, `damaged-${path.split('/').at(-1)}`);
    await copyFile(path, copy);
    const { size } = await stat(copy);
    const file = await open(copy, 'r+');
    await file.write(Buffer.alloc(64, 0x5a), 0, 64, Math.floor(size * 0.6));
    await file.close();
    return copy;
}

describe('verifyResult', () => {
    it('accepts what is right', async () => {
        for (const container of ['hevc', 'mkv'] as const) {
            const { outputPath } = await encodeClip(folder, source, { container });
            await expect(verify(outputPath, container)).resolves.toBeUndefined();
            await expect(verify(outputPath, container, timeline(), true)).resolves.toBeUndefined();
        }
    });

    it('finds missing frames', async () => {
        const { outputPath } = await encodeClip(folder, source);
        const longer = timeline(Array.from({ length: 11 }, (_, frame) => frame));
        await expect(verify(outputPath, 'mkv', longer)).rejects.toMatchObject({
            code: 'VERIFICATION_FAILED',
            message: 'the result has 10 frames instead of 11',
        });
    });

    it('finds frames at the wrong time', async () => {
        const { outputPath } = await encodeClip(folder, source);
        const shifted = timeline([0, 1, 2, 3, 4, 5, 6, 7, 8, 10]);
        await expect(verify(outputPath, 'mkv', shifted)).rejects.toMatchObject({
            code: 'VERIFICATION_FAILED',
            message: 'frame 9 of the result is shown at 0.18 s instead of 0.200000 s',
        });
    });

    it('finds a damaged picture by its hash when all are decoded', async () => {
        const { outputPath } = await encodeClip(folder, source, {
            container: 'hevc',
            verify: 'all',
        });
        await verify(outputPath, 'hevc', timeline(), true);
        await expect(
            verify(await damaged(outputPath), 'hevc', timeline(), true),
        ).rejects.toMatchObject({
            code: 'VERIFICATION_FAILED',
        });
    });
});

describe('lastRandomAccess', () => {
    const idr = Buffer.from([0, 0, 1, 19 << 1, 1, 0x80]);
    const secondSlice = Buffer.from([0, 0, 1, 19 << 1, 1, 0x00]);
    const trailing = Buffer.from([0, 0, 1, 1 << 1, 1, 0x80]);

    it.each([-1, 0, 1, 2, 3, 4, 5, 6])('finds a start %i bytes before a piece', async (before) => {
        const path = join(folder, 'pieces.hevc');
        // Pieces of 1 MiB are read from the end.
        const rest = Buffer.alloc(1024 * 1024 + before - 3 * idr.length, 0xff);
        await writeFile(
            path,
            Buffer.concat([idr, Buffer.alloc(99, 0xff), idr, secondSlice, trailing, rest]),
        );
        const file = await open(path, 'r');
        try {
            expect(await lastRandomAccess(file)).toBe(idr.length + 99);
        } finally {
            await file.close();
        }
    });
});

describe('parameterSets', () => {
    it('takes everything before the first slice', async () => {
        const { outputPath } = await encodeClip(folder, source, { container: 'hevc' });
        const sets = parameterSets(await readFile(outputPath));
        // VPS, SPS and PPS: types 32, 33 and 34 in the second byte's upper bits.
        expect(sets.subarray(0, 5).toString('hex')).toBe('0000000140');
        expect(sets.includes(Buffer.from('0000000142', 'hex'))).toBe(true);
        expect(sets.includes(Buffer.from('0000000144', 'hex'))).toBe(true);
        expect(sets.length).toBeLessThan(1000);
    });
});
