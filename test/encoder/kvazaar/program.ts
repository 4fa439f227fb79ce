/** Runs the real kvazaar on a few small frames, and counts what a decoder makes of the result. */
import { spawn } from 'node:child_process';
import { findPrograms } from '../../../src/encoder/programs.js';

const programs = findPrograms();

export interface Finished {
    readonly exitCode: number | null;
    readonly signal: string | null;
    readonly stdout: Buffer;
    readonly stderr: string;
}

function run(path: string, args: readonly string[], input: Uint8Array): Promise<Finished> {
    return new Promise((resolve, reject) => {
        const child = spawn(path, args, { timeout: 40_000, killSignal: 'SIGKILL' });
        const stdout: Buffer[] = [];
        const stderr: Buffer[] = [];
        child.stdout.on('data', (data: Buffer) => stdout.push(data));
        child.stderr.on('data', (data: Buffer) => stderr.push(data));
        // A program that ends before it has read everything is judged by its exit code.
        child.stdin.on('error', () => undefined);
        child.on('error', reject);
        child.on('close', (exitCode, signal) => {
            resolve({
                exitCode,
                signal,
                stdout: Buffer.concat(stdout),
                stderr: Buffer.concat(stderr).toString('utf8'),
            });
        });
        child.stdin.end(input);
    });
}

/** kvazaar with nothing but these arguments, and no input. */
export function kvazaar(args: readonly string[]): Promise<Finished> {
    return run(programs.kvazaar, args, new Uint8Array());
}

/** Raw yuv420p frames: a moving gradient with noise, the same in each call. */
function frames(width: number, height: number, count: number): Uint8Array {
    const bytes = new Uint8Array(width * height * 1.5 * count);
    let noise = 231;
    let offset = 0;
    for (let frame = 0; frame < count; frame += 1) {
        for (const [w, h] of [
            [width, height],
            [width / 2, height / 2],
            [width / 2, height / 2],
        ] as const) {
            for (let y = 0; y < h; y += 1) {
                for (let x = 0; x < w; x += 1) {
                    noise = (Math.imul(noise, 1_103_515_245) + 12_345) >>> 0;
                    bytes[offset] = 40 + ((x * 2 + y + frame * 3) % 160) + (noise >>> 28);
                    offset += 1;
                }
            }
        }
    }
    return bytes;
}

export interface Picture {
    readonly width: number;
    readonly height: number;
    readonly count: number;
}

/** Encodes `frames` from a pipe to a pipe. */
export function encode(argv: readonly string[], { width, height, count }: Picture) {
    const source = ['-i', '-', '--input-res', `${width}x${height}`, '--input-fps', '25/1'];
    const ours = [...source, ...argv, '-o', '-', '--threads', '2'];
    return run(programs.kvazaar, ours, frames(width, height, count));
}

/** Frames that ffmpeg decodes from an elementary stream, and what it has to say about them. */
export async function decode(stream: Uint8Array): Promise<{ frames: number; complaints: string }> {
    const args = ['-v', 'error', '-threads', '1', '-f', 'hevc', '-i', 'pipe:0', '-an'];
    const output = ['-fps_mode', 'passthrough', '-f', 'framecrc', 'pipe:1'];
    const { stdout, stderr } = await run(programs.ffmpeg, [...args, ...output], stream);
    const decoded = stdout
        .toString('utf8')
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'));
    return { frames: decoded.length, complaints: stderr.trim() };
}
