/** Raw video for uploads: quick to encode, and no two MiB of it are alike. */
import { statSync, utimesSync, writeFileSync } from 'node:fs';
import type { Random } from './random.js';

const WIDTH = 640;
const HEIGHT = 360;
const FRAME_BYTES = (WIDTH * HEIGHT * 3) / 2;

export interface Source {
    path: string;
    sizeBytes: number;
    frames: number;
    /** The options of `encode` that describe it. */
    rawOptions: readonly string[];
}

/** Slowly moving bands; the first pixels of each row are noise. */
function frame(number: number, random: Random): Buffer {
    const bytes = Buffer.alloc(FRAME_BYTES, 128);
    for (let row = 0; row < HEIGHT; row += 1) {
        bytes.fill((row + number) & 0xff, row * WIDTH, (row + 1) * WIDTH);
        bytes.writeUInt32LE(random.below(2 ** 32), row * WIDTH);
    }
    return bytes;
}

/** When a file was written shortly ago, its hash is not remembered; this one is older. */
const AGE_SECONDS = 60;

export function writeSource(path: string, mebibytes: number, random: Random): Source {
    const frames = Math.ceil((mebibytes * 1024 * 1024) / FRAME_BYTES);
    writeFileSync(path, Buffer.concat(Array.from({ length: frames }, (_, i) => frame(i, random))));
    const time = Date.now() / 1000 - AGE_SECONDS;
    utimesSync(path, time, time);
    return {
        path,
        sizeBytes: statSync(path).size,
        frames,
        rawOptions: ['--raw', '--input-res', `${WIDTH}x${HEIGHT}`, '--input-fps', '25'],
    };
}
