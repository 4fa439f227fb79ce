/**
 * Whether a file is as long as its own structure says. Demuxers are forgiving: a cut-off file
 * often decodes without a word, only shorter. This reads a few headers, never the payload.
 */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** What is missing, for people; undefined: nothing that the structure could tell. */
export type StructureFinding = string | undefined;

/** @param format ffmpeg's name of the format, as probed */
export async function findCutOff(path: string, format: string): Promise<StructureFinding> {
    const check = CHECKS.find(([names]) => names.test(format))?.[1];
    if (!check) return undefined;
    const file = await open(path, 'r');
    try {
        const { size } = await file.stat();
        return await check(new Reader(file, size));
    } finally {
        await file.close();
    }
}

/** Types of boxes that MP4 and QuickTime files start with. */
export const FIRST_BOXES = ['ftyp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot', 'styp'];

/** Whether a file starts as MP4 and QuickTime files do. */
export async function startsWithBox(path: string): Promise<boolean> {
    const file = await open(path, 'r');
    try {
        const bytes = await new Reader(file, 8).bytes(0, 8);
        return FIRST_BOXES.includes(bytes.toString('latin1', 4, 8));
    } finally {
        await file.close();
    }
}

class Reader {
    readonly size: number;
    readonly #file: FileHandle;

    constructor(file: FileHandle, size: number) {
        this.#file = file;
        this.size = size;
    }

    /** Up to `length` bytes; fewer at the end of the file. */
    async bytes(offset: number, length: number): Promise<Buffer> {
        const buffer = Buffer.alloc(length);
        const { bytesRead } = await this.#file.read(buffer, 0, length, offset);
        return buffer.subarray(0, bytesRead);
    }
}

type Check = (reader: Reader) => Promise<StructureFinding>;

const CHECKS: readonly (readonly [RegExp, Check])[] = [
    [/\bmp4\b/, checkBoxes],
    [/^avi$/, checkRiff],
    [/^matroska/, checkMatroska],
    [/^asf$/, checkAsf],
    [/^gif$/, checkGif],
    [/^yuv4mpegpipe$/, checkY4m],
];

/** More top-level boxes than any real file has. */
const MAX_BOXES = 100_000;

/** ISO/IEC 14496-12, 4.2: each box starts with its size; 1: a 64-bit size follows; 0: to the end. */
async function checkBoxes(reader: Reader): Promise<StructureFinding> {
    let offset = 0;
    for (let box = 0; box < MAX_BOXES && offset < reader.size; box++) {
        const header = await reader.bytes(offset, 16);
        if (header.length < 8) return undefined;
        const short = header.readUInt32BE(0);
        if (short === 0) return undefined;
        const size =
            short === 1 && header.length === 16 ? header.readBigUInt64BE(8) : BigInt(short);
        const end = BigInt(offset) + size;
        if (size < 8n) return undefined;
        const type = header.toString('latin1', 4, 8);
        if (end > BigInt(reader.size) && ['mdat', 'moov', 'moof'].includes(type)) {
            return `its ${type} box is cut off`;
        }
        offset = Number(end);
    }
    return undefined;
}

/** Writers disagree about padding at the end. */
const RIFF_SLACK_BYTES = 64;

/** The size of a RIFF chunk is written last; 0 when the recording never came to its end. */
async function checkRiff(reader: Reader): Promise<StructureFinding> {
    const header = await reader.bytes(0, 12);
    if (header.length < 12 || header.toString('latin1', 0, 4) !== 'RIFF') return undefined;
    const end = header.readUInt32LE(4) + 8;
    return end > reader.size + RIFF_SLACK_BYTES ? 'its RIFF chunk is cut off' : undefined;
}

/** Ids of elements: RFC 8794, 11.2.1, and RFC 9559, 5.1. */
const EBML_HEADER = 0x1a_45_df_a3;
const SEGMENT = 0x18_53_80_67;

/** A segment of a known size must be there whole; a stream that was recorded has none. */
async function checkMatroska(reader: Reader): Promise<StructureFinding> {
    const bytes = await reader.bytes(0, 4096);
    if (bytes.length < 5 || bytes.readUInt32BE(0) !== EBML_HEADER) return undefined;
    const header = ebmlSize(bytes, 4);
    if (!header || header.isUnknown) return undefined;
    const segmentAt = header.end + header.size;
    if (segmentAt + 5 > bytes.length || bytes.readUInt32BE(segmentAt) !== SEGMENT) return undefined;
    const segment = ebmlSize(bytes, segmentAt + 4);
    if (!segment || segment.isUnknown) return undefined;
    return segment.end + segment.size > reader.size ? 'its segment is cut off' : undefined;
}

/** RFC 8794, 6.2: leading zero bits tell the length; all ones stand for an unknown size. */
function ebmlSize(
    bytes: Buffer,
    offset: number,
): { size: number; end: number; isUnknown: boolean } | undefined {
    const first = bytes[offset];
    if (first === undefined || first === 0) return undefined;
    const length = Math.clz32(first) - 23;
    if (offset + length > bytes.length) return undefined;
    let size = BigInt(first & (0xff >> length));
    for (const byte of bytes.subarray(offset + 1, offset + length))
        size = size * 256n + BigInt(byte);
    const isUnknown = size === 2n ** BigInt(7 * length) - 1n;
    return { size: Number(size), end: offset + length, isUnknown };
}

/** ASF file properties object, its GUID as stored. */
const ASF_FILE_PROPERTIES = Buffer.from('a1dcab8c47a9cf118ee400c00c205365', 'hex');
const ASF_BROADCAST_FLAG = 1;

async function checkAsf(reader: Reader): Promise<StructureFinding> {
    const bytes = await reader.bytes(0, 64 * 1024);
    const at = bytes.indexOf(ASF_FILE_PROPERTIES);
    // GUID, object size, file id, file size, …, flags (ASF specification, 3.2).
    if (at < 0 || at + 92 > bytes.length) return undefined;
    if ((bytes.readUInt32LE(at + 88) & ASF_BROADCAST_FLAG) !== 0) return undefined;
    const declared = bytes.readBigUInt64LE(at + 40);
    return declared > BigInt(reader.size)
        ? `it declares ${declared} bytes and has ${reader.size}`
        : undefined;
}

/** GIF89a specification, 27. */
const GIF_TRAILER = 0x3b;

/** Some writers pad a finished GIF. */
const GIF_PADDING_BYTES = 1024;

async function checkGif(reader: Reader): Promise<StructureFinding> {
    const start = Math.max(0, reader.size - GIF_PADDING_BYTES);
    const end = await reader.bytes(start, GIF_PADDING_BYTES);
    const last = end.findLastIndex((byte) => byte !== 0);
    return end[last] === GIF_TRAILER ? undefined : 'its end marker is missing';
}

/** Without frame parameters every frame has the same size, so the file is a multiple of it. */
async function checkY4m(reader: Reader): Promise<StructureFinding> {
    const head = await reader.bytes(0, 1024);
    const headerEnd = head.indexOf('\n') + 1;
    if (headerEnd === 0) return 'its header is cut off';
    const mark = head.toString('latin1', headerEnd, headerEnd + Y4M_FRAME.length);
    const payloadBytes = y4mPayloadBytes(head.toString('latin1', 0, headerEnd - 1));
    if (mark !== Y4M_FRAME || payloadBytes === undefined) return undefined;
    const frameBytes = payloadBytes + Y4M_FRAME.length;
    return (reader.size - headerEnd) % frameBytes === 0 ? undefined : 'its last frame is cut off';
}

const Y4M_FRAME = 'FRAME\n';

/** How much wider and higher luma is than chroma, by the start of the colour space tag. */
const Y4M_SAMPLINGS: readonly (readonly [string, number, number])[] = [
    ['420', 2, 2],
    ['422', 2, 1],
    ['444', 1, 1],
    ['411', 4, 1],
];

function y4mPayloadBytes(header: string): number | undefined {
    const tags = header.split(' ').slice(1);
    const tag = (name: string): string | undefined =>
        tags.find((text) => text.startsWith(name))?.slice(1);
    const [width, height] = [Number(tag('W')), Number(tag('H'))];
    const colors = tag('C') ?? '420jpeg';
    const bytesPerSample = /(?:p|mono)(?:9|1\d)$/.test(colors) ? 2 : 1;
    const luma = width * height;
    if (colors.startsWith('mono')) return luma * bytesPerSample;
    const sampling = Y4M_SAMPLINGS.find(([start]) => colors.startsWith(start));
    if (!sampling || !(luma > 0)) return undefined;
    const chroma = Math.ceil(width / sampling[1]) * Math.ceil(height / sampling[2]);
    const alpha = colors.includes('alpha') ? luma : 0;
    return (luma + 2 * chroma + alpha) * bytesPerSample;
}
