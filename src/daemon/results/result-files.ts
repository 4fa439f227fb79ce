/** The files of a finished encode: the video, and what kvazaar said of each frame of it. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { FrameStatistics } from '../../encoder/index.js';
import { framesStream } from '../../worker/frames.js';
import type { Folders } from '../folders.js';

export const videoFile = ({ results }: Folders, resultId: string): string =>
    join(results, resultId);

export const framesFile = ({ frames }: Folders, resultId: string): string => join(frames, resultId);

/** The SHA-256 of a finished video, lower-case hex. */
export async function videoDigest(folders: Folders, resultId: string): Promise<string> {
    const hash = createHash('sha256');
    await pipeline(createReadStream(videoFile(folders, resultId)), hash);
    return hash.digest('hex');
}

/** Keeps the statistics of a result's frames. */
export async function writeFrames(
    folders: Folders,
    resultId: string,
    statistics: FrameStatistics,
): Promise<void> {
    const file = createWriteStream(framesFile(folders, resultId), { mode: 0o600 });
    await pipeline(framesStream(statistics), file);
}

/** The statistics as CSV, one line a frame in coding order, after a heading. */
export function readFrames(folders: Folders, resultId: string): Readable {
    const plain = createGunzip();
    const file = createReadStream(framesFile(folders, resultId));
    file.on('error', (error) => plain.destroy(error));
    return file.pipe(plain);
}

export async function removeResultFiles(folders: Folders, resultId: string): Promise<void> {
    await rm(videoFile(folders, resultId), { force: true });
    await rm(framesFile(folders, resultId), { force: true });
}
