/** Cancelling, limits, faults of programs and the death of the daemon: no orphan, no left-overs. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/encoder/index.js';
import type { EncodeEvent } from '../../src/encoder/index.js';
import { fakeProgram } from './helpers/fake-program.js';
import { encodeFails } from './helpers/job.js';
import { ffmpeg, programs, sharedClip, temporaryFolder } from './helpers/media.js';

const folder = await temporaryFolder();

/** Command lines of all processes that name something in the test's folder. */
function processesAtWork(marker: string): string[] {
    return execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => line.includes(marker) && !line.includes('ps -eo'));
}

const FRAME_LINE =
    'POC    0 QP 22 AVG QP 21.0 (I-frame)     345584 bits PSNR Y 47.4 U 46.0 V 45.6 [L0 ] [L1 ]';

describe('cancelling', () => {
    it('before the start', async () => {
        const source = await sharedClip('car-detection.mp4', folder);
        const error = await encodeFails(folder, source, { signal: AbortSignal.abort() });
        expect(error).toMatchObject({ code: 'CANCELLED', transient: false });
    });

    it.each(['probing', 'encoding', 'packaging'] as const)('while %s', async (phase) => {
        const source = await sharedClip('park_joy_480x270_50fps.y4m', folder);
        const controller = new AbortController();
        const error = await encodeFails(folder, source, {
            signal: controller.signal,
            logo: { enabled: true },
            onEvent(event) {
                if (event.type === 'phase' && event.phase === phase) controller.abort();
            },
        });
        expect(error.code).toBe('CANCELLED');
        expect(processesAtWork(folder)).toEqual([]);
    });

    it('in the middle of the frames', async () => {
        const source = await sharedClip('car-detection.mp4', folder);
        const controller = new AbortController();
        const error = await encodeFails(folder, source, {
            signal: controller.signal,
            preset: 'medium',
            onEvent(event) {
                if (event.type === 'progress' && event.frame > 5) controller.abort();
            },
        });
        expect(error.code).toBe('CANCELLED');
        expect(processesAtWork(folder)).toEqual([]);
    });

    it('ends programs that ignore SIGTERM', async () => {
        const source = await sharedClip('car-detection.mp4', folder);
        const stubborn = await fakeProgram(
            folder,
            'kvazaar',
            `trap '' TERM\necho '${FRAME_LINE}' >&2\nwhile :; do sleep 1; done`,
        );
        const controller = new AbortController();
        const error = await encodeFails(folder, source, {
            sandbox: 'off',
            programs: { ...programs, kvazaar: stubborn },
            signal: controller.signal,
            onEvent(event) {
                if (event.type === 'progress') controller.abort();
            },
        });
        expect(error.code).toBe('CANCELLED');
        expect(processesAtWork(folder)).toEqual([]);
    });
});

describe('limits of time', () => {
    it('ends a job that runs too long, and a cancel that follows changes nothing', async () => {
        const source = await sharedClip('car-detection.mp4', folder);
        const controller = new AbortController();
        const error = await encodeFails(folder, source, {
            preset: 'placebo',
            limits: { ...DEFAULT_LIMITS, wallClockMs: 1000 },
            signal: controller.signal,
            onEvent: cancelOnTermination(controller),
        });
        expect(error).toMatchObject({ code: 'TIME_LIMIT', transient: false });
        expect(processesAtWork(folder)).toEqual([]);
    });

    it('ends an encoder that stops moving', async () => {
        const source = await sharedClip('park_joy_480x270_50fps.y4m', folder);
        const hanging = await fakeProgram(
            folder,
            'kvazaar',
            `echo '${FRAME_LINE}' >&2\nexec sleep 1000`,
        );
        const error = await encodeFails(folder, source, {
            sandbox: 'off',
            programs: { ...programs, kvazaar: hanging },
            limits: { ...DEFAULT_LIMITS, stallMs: 800 },
        });
        expect(error).toMatchObject({ code: 'STALLED', transient: true });
        expect(processesAtWork(folder)).toEqual([]);
    });
});

/** ffmpeg says that it was ended: the moment for a second reason. */
function cancelOnTermination(controller: AbortController): (event: EncodeEvent) => void {
    return (event) => {
        if (event.type === 'log' && /signal 15/.test(event.line)) controller.abort();
    };
}

describe('faults of programs', () => {
    it('a program that is missing', async () => {
        const source = await sharedClip('park_joy_480x270_50fps.y4m', folder);
        for (const name of ['ffprobe', 'kvazaar', 'ffmpeg', 'mkvmerge'] as const) {
            const error = await encodeFails(folder, source, {
                programs: { ...programs, [name]: join(folder, 'no-such-program') },
            });
            expect(error).toMatchObject({ code: 'PROGRAM_MISSING', program: name });
        }
    });

    it('an encoder that is killed', async () => {
        const source = await sharedClip('car-detection.mp4', folder);
        const dying = await fakeProgram(
            folder,
            'kvazaar',
            `head -c 1000000 >/dev/null\necho '${FRAME_LINE}' >&2\necho 'about to die' >&2\nkill -ABRT $$`,
        );
        const error = await encodeFails(folder, source, {
            sandbox: 'off',
            programs: { ...programs, kvazaar: dying },
        });
        expect(error).toMatchObject({
            code: 'ENCODER_FAILED',
            program: 'kvazaar',
            signal: 'SIGABRT',
            stderrTail: 'about to die',
        });
        expect(error.message).toContain('after 1 frames');
    });

    it('an encoder that does not like its options', async () => {
        const source = await sharedClip('park_joy_480x270_50fps.y4m', folder);
        const refusing = await fakeProgram(
            folder,
            'kvazaar',
            `echo 'Too many tiles (width)!' >&2; echo 'Failed to open encoder.' >&2; exit 1`,
        );
        const error = await encodeFails(folder, source, {
            sandbox: 'off',
            programs: { ...programs, kvazaar: refusing },
        });
        expect(error).toMatchObject({ code: 'ENCODER_REJECTED_OPTIONS', exitCode: 1 });
        expect(error.message).toContain('Too many tiles (width)!');
    });

    it('options that the picture has no room for', async () => {
        const source = await sharedClip('park_joy_480x270_50fps.y4m', folder);
        const error = await encodeFails(folder, source, { kvazaar: ['--tiles', '12x12'] });
        expect(error).toMatchObject({ code: 'ENCODER_REJECTED_OPTIONS', program: undefined });
        expect(error.message).toMatch(/tiles.*at most 8/);
    });

    it('an encoder that says success and wrote nothing', async () => {
        const source = await sharedClip('park_joy_480x270_50fps.y4m', folder);
        const idle = await fakeProgram(
            folder,
            'kvazaar',
            `cat >/dev/null\necho ' Processed 10 frames, 0 bits' >&2`,
        );
        const error = await encodeFails(folder, source, {
            sandbox: 'off',
            programs: { ...programs, kvazaar: idle },
        });
        expect(error).toMatchObject({ code: 'VERIFICATION_FAILED' });
        expect(error.message).toContain('0 of 10 frames');
    });

    it('an encoder that leaves a frame out of the stream', async () => {
        const source = await sharedClip('park_joy_480x270_50fps.y4m', folder);
        const short = await fakeProgram(
            folder,
            'kvazaar',
            // Nine frames are coded, ten are told.
            `head -c $((480*270*3/2*9)) | '${programs.kvazaar}' "$@" 2>/tmp/null.$$; ` +
                `sed 's/Processed 9 frames/Processed 10 frames/' /tmp/null.$$ >&2; ` +
                `rm /tmp/null.$$; echo '${FRAME_LINE}' >&2; cat >/dev/null`,
        );
        const error = await encodeFails(folder, source, {
            sandbox: 'off',
            programs: { ...programs, kvazaar: short },
        });
        expect(error).toMatchObject({ code: 'VERIFICATION_FAILED' });
        expect(error.message).toMatch(/9 frames instead of 10/);
    });

    it('a muxer that fails', async () => {
        const source = await sharedClip('park_joy_480x270_50fps.y4m', folder);
        const failing = await fakeProgram(folder, 'mkvmerge', `echo 'Error: no such luck'; exit 2`);
        const error = await encodeFails(folder, source, {
            programs: { ...programs, mkvmerge: failing },
        });
        expect(error).toMatchObject({
            code: 'PACKAGING_FAILED',
            program: 'mkvmerge',
            exitCode: 2,
            stderrTail: 'Error: no such luck',
        });
    });

    it('a folder for the result that cannot be written to', async () => {
        const source = await sharedClip('park_joy_480x270_50fps.y4m', folder);
        const outputPath = join(folder, 'no-such-folder', 'result.mkv');
        const error = await encodeFails(folder, source, { outputPath });
        expect(error.code).toBe('OUTPUT_UNWRITABLE');
    });
});

describe.runIf(process.platform === 'linux')('the death of the daemon', () => {
    it('takes all programs with it', async () => {
        const source = join(folder, 'long.mp4');
        await ffmpeg(
            ...['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25:duration=60'],
            ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', source],
        );
        const jobFolder = join(folder, 'doomed');
        await mkdir(jobFolder);
        const daemon = spawn(process.execPath, [await doomedDaemon(), source, jobFolder], {
            stdio: ['ignore', 'pipe', 'inherit'],
        });
        await once(daemon.stdout, 'data');
        expect(processesAtWork(jobFolder).length).toBeGreaterThan(1);
        daemon.kill('SIGKILL');
        await once(daemon, 'exit');
        await expect.poll(() => processesAtWork(jobFolder)).toEqual([]);
        expect(await readdir(jobFolder)).not.toContain('result.mkv');
    });
});

/** A program of its own around the library: it encodes, and tells of the first frames. */
async function doomedDaemon(): Promise<string> {
    const library = new URL('../../dist/encoder/index.js', import.meta.url).href;
    const path = join(folder, 'doomed.mjs');
    await writeFile(
        path,
        `import { DEFAULT_LIMITS, encode, parseKvazaarOptions } from '${library}';
        const [input, folder] = process.argv.slice(2);
        await encode({
            programs: ${JSON.stringify(programs)},
            input: { path: input, kind: 'container' },
            container: 'mkv',
            outputPath: folder + '/result.mkv',
            workDir: folder,
            options: parseKvazaarOptions('veryslow', []),
            logo: { enabled: false },
            threads: 1,
            limits: DEFAULT_LIMITS,
            onEvent: (event) => event.type === 'progress' && console.log(event.frame),
        });`,
    );
    return path;
}
