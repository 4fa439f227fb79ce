/** Clips for the tests: the shared ones where they are there, else made by ffmpeg. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import { findPrograms } from '../../../src/encoder/programs.js';

export const programs = findPrograms();

const execute = promisify(execFile);

const MEDIA_FOLDER = fileURLToPath(new URL('../../../../shared/media/', import.meta.url));

/** A new folder that is gone after the test file. */
export async function temporaryFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'kvz-encoder-test-'));
    afterAll(() => rm(folder, { recursive: true, force: true }));
    return folder;
}

/** Runs ffmpeg to its end; on failure the error has its messages. */
export async function ffmpeg(...args: string[]): Promise<void> {
    await execute(programs.ffmpeg, ['-v', 'error', '-nostdin', '-y', ...args]);
}

/** What a program prints, as text. */
export async function output(program: string, args: readonly string[]): Promise<string> {
    const { stdout } = await execute(program, args, { maxBuffer: 256 * 1024 * 1024 });
    return stdout;
}

/** What a program prints, as bytes. */
export async function binaryOutput(program: string, args: readonly string[]): Promise<Buffer> {
    const { stdout } = await execute(program, args, {
        maxBuffer: 512 * 1024 * 1024,
        encoding: 'buffer',
    });
    return stdout;
}

/** How each shared clip is imitated where the folder is missing. */
const SUBSTITUTES: Readonly<Record<string, readonly string[]>> = {
    'car-detection.mp4': [
        ...['-f', 'lavfi', '-i', 'testsrc2=size=768x432:rate=12.5:duration=10'],
        ...['-f', 'lavfi', '-i', 'anoisesrc=color=pink:seed=1:duration=10:sample_rate=48000'],
        ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
    ],
    'asl-walk.mkv': [
        ...['-f', 'lavfi', '-i', 'testsrc2=size=640x480:rate=30:duration=3'],
        ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuvj420p'],
        ...['-color_range', 'pc'],
    ],
    'park_joy_480x270_50fps.y4m': [
        ...['-f', 'lavfi', '-i', 'testsrc2=size=480x270:rate=50:duration=0.2'],
        ...['-pix_fmt', 'yuv420p'],
    ],
    'src01_576x324_yuv420p10le.yuv': [
        ...['-f', 'lavfi', '-i', 'testsrc2=size=576x324:rate=25:duration=0.12'],
        ...['-pix_fmt', 'yuv420p10le', '-f', 'rawvideo'],
    ],
};

/** @returns path of a clip of the shared media folder, or of its substitute in `folder` */
export async function sharedClip(name: string, folder: string): Promise<string> {
    const path = join(MEDIA_FOLDER, name);
    if (existsSync(path)) return path;
    const substitute = SUBSTITUTES[name];
    if (!substitute) throw new Error(`no substitute for ${name}`);
    const made = join(folder, name);
    if (!existsSync(made)) await ffmpeg(...substitute, made);
    return made;
}
