/**
 * Whether a container says at its beginning all that is needed to decode what follows in order, so
 * that ffmpeg gets the same pictures at the same times from a pipe as from the file. The formats
 * are those for which that was tried; of any other the whole file is needed first.
 */
import { FIRST_BOXES } from './container-structure.js';
import { transportPacket, TS_START_BYTES } from './recording-structure.js';

/** Some bytes of the container; fewer than asked for only at its end. */
export type ReadBytes = (offset: number, length: number) => Promise<Buffer>;

const SIGNATURES: readonly Buffer[] = [
    // YUV4MPEG2, Matroska and WebM, FLV, Ogg, MPEG program stream.
    Buffer.from('YUV4MPEG2 '),
    Buffer.from([0x1a, 0x45, 0xdf, 0xa3]),
    Buffer.from('FLV\x01', 'latin1'),
    Buffer.from('OggS'),
    Buffer.from([0, 0, 1, 0xba]),
];

/** Reads the beginning, and of MP4 the headers of its boxes. @throws what `read` throws */
export async function readsFrontToBack(read: ReadBytes): Promise<boolean> {
    const start = await read(0, TS_START_BYTES);
    if (SIGNATURES.some((signature) => start.subarray(0, signature.length).equals(signature))) {
        return true;
    }
    if (FIRST_BOXES.includes(start.toString('latin1', 4, 8))) return hasIndexFirst(read);
    return transportPacket(start) !== undefined;
}

/** Top-level boxes before the media data, and those in the index, of any real file. */
const MAX_BOXES = 1000;

/**
 * MP4 and QuickTime: whether the index (moov) comes before the media data, and is one of the whole
 * file. That of a fragmented file (mvex) is not: there ffmpeg's clock starts elsewhere when it
 * cannot seek.
 */
async function hasIndexFirst(read: ReadBytes): Promise<boolean> {
    for await (const { type, from, to } of boxes(read, 0, Number.POSITIVE_INFINITY)) {
        if (type === 'mdat' || type === 'moof') return false;
        if (type !== 'moov') continue;
        for await (const inner of boxes(read, from, to)) if (inner.type === 'mvex') return false;
        return true;
    }
    return false;
}

interface Box {
    type: string;
    /** Where its content begins, and where it ends. */
    from: number;
    to: number;
}

/** ISO/IEC 14496-12, 4.2: each box starts with its size; 1: a 64-bit size follows; 0: to the end. */
async function* boxes(read: ReadBytes, begin: number, end: number): AsyncGenerator<Box> {
    let offset = begin;
    for (let box = 0; box < MAX_BOXES && offset < end; box += 1) {
        const header = await read(offset, 16);
        if (header.length < 8) return;
        const short = header.readUInt32BE(0);
        const isLong = short === 1 && header.length === 16;
        const size = isLong ? Number(header.readBigUInt64BE(8)) : short;
        const headerBytes = isLong ? 16 : 8;
        if (size < headerBytes) return;
        const from = offset + headerBytes;
        yield { type: header.toString('latin1', 4, 8), from, to: offset + size };
        offset += size;
    }
}
