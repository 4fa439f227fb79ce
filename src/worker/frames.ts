/**
 * What kvazaar said of each frame, as compressed CSV: some 10 bytes a frame. `frame` counts from 0
 * in coding order, `bits` are those of the coded frame, PSNR is in dB and empty where kvazaar did
 * not measure it.
 */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import type { FrameStatistics } from '../encoder/index.js';

const HEADER = 'frame,poc,type,qp,bits,psnr_y,psnr_u,psnr_v\n';

function* csvLines(statistics: FrameStatistics): Generator<string> {
    yield HEADER;
    let number = 0;
    for (const { poc, type, qp, bits, psnr } of statistics) {
        const planes = psnr ? `${psnr.y},${psnr.u},${psnr.v}` : ',,';
        yield `${number},${poc},${type},${qp},${bits},${planes}\n`;
        number += 1;
    }
}

/** One line a frame in coding order, after a heading; gzipped. */
export function framesStream(statistics: FrameStatistics): Readable {
    return Readable.from(csvLines(statistics)).pipe(createGzip());
}

export async function compressFrames(statistics: FrameStatistics): Promise<Buffer> {
    return buffer(framesStream(statistics));
}
