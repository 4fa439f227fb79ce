/** A full disk is told as such, whatever happened to fail for it, and nothing is left on it. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
    DEFAULT_LIMITS,
    EncodeError,
    encode,
    parseKvazaarOptions,
} from '../../src/encoder/index.js';
import type { Container } from '../../src/encoder/index.js';
import { ffmpeg, programs, temporaryFolder } from './helpers/media.js';

const folder = await temporaryFolder();
const disk = join(folder, 'disk');
const DISK_BYTES = 2 * 1024 * 1024;

function mountSmallDisk(): boolean {
    try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', disk], {
            stdio: 'ignore',
        });
        return true;
    } catch {
        return false;
    }
}

await mkdir(disk);
const isMounted = mountSmallDisk();
afterAll(() => {
    if (isMounted) execFileSync('umount', [disk]);
});

/** Only root may mount. */
describe.runIf(isMounted)('a disk of 2 MiB', () => {
    const source = join(folder, 'noise.mkv');

    beforeAll(() =>
        ffmpeg(
            ...['-f', 'lavfi', '-i', 'testsrc2=size=320x240:duration=2,noise=alls=60:allf=t'],
            ...['-f', 'lavfi', '-i', 'anoisesrc=duration=2'],
            ...['-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'pcm_s16le', source],
        ),
    );

    const job = (container: Container, workDir: string, qp: string) => ({
        programs,
        input: { path: source, kind: 'container' as const },
        container,
        outputPath: join(disk, `result.${container}`),
        workDir,
        options: parseKvazaarOptions('ultrafast', ['--qp', qp]),
        logo: { enabled: false },
        threads: 2,
        limits: DEFAULT_LIMITS,
    });

    /** The stream alone is too large at QP 10; at QP 27 it fits, but not with its copy. */
    it.each([
        ['hevc', '10', 'the job works'],
        ['mkv', '27', 'the job works'],
        ['mp4', '27', 'the job works'],
    ] as const)('full while it works, %s at QP %s', async (container, qp, place) => {
        const workDir = join(disk, 'work');
        await mkdir(workDir, { recursive: true });
        await fill(DISK_BYTES - 900_000);
        const error: unknown = await encode(job(container, workDir, qp)).catch((thrown) => thrown);
        expect(error).toBeInstanceOf(EncodeError);
        expect(error).toMatchObject({
            code: 'DISK_FULL',
            transient: true,
            message: `no space is left on the disk where ${place}`,
        });
        expect(await readdir(workDir)).toEqual([]);
        expect(existsSync(join(disk, `result.${container}`))).toBe(false);
    });

    it('full where the result goes', async () => {
        const workDir = await mkdtemp(join(folder, 'work-elsewhere-'));
        await fill(DISK_BYTES - 100_000);
        const error: unknown = await encode(job('mkv', workDir, '20')).catch((thrown) => thrown);
        expect(error).toMatchObject({ code: 'DISK_FULL', transient: true });
        expect(await readdir(workDir)).toEqual([]);
        expect((await readdir(disk)).filter((name) => name !== 'work')).toEqual(['ballast']);
    });

    /** Takes so much of the disk. */
    async function fill(bytes: number): Promise<void> {
        await writeFile(join(disk, 'ballast'), Buffer.alloc(bytes));
    }
});
