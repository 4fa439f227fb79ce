/**
 * Whether a transport stream, program stream or Ogg file ends in the middle of something. These
 * formats declare no length, and recorders may end them anywhere, so it is no failure; but who
 * sent a file that was cut off on its way should hear of it.
 */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** How it ends, for people; undefined: as it should, as far as can be told. */
type Finding = string | undefined;

const CHECKS: readonly (readonly [RegExp, (file: FileHandle, size: number) => Promise<Finding>])[] =
    [
        [/^mpegts$/, checkTransportStream],
        [/^mpeg$/, checkProgramStream],
        [/^ogg$/, checkOgg],
    ];

/** @param format ffmpeg's name of the format, as probed */
export async function findEarlyEnd(path: string, format: string): Promise<Finding> {
    const check = CHECKS.find(([names]) => names.test(format))?.[1];
    if (!check) return undefined;
    const file = await open(path, 'r');
    try {
        const { size } = await file.stat();
        return await check(file, size);
    } finally {
        await file.close();
    }
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await file.read(buffer, 0, length, Math.max(0, offset));
    return buffer.subarray(0, bytesRead);
}

const TS_SYNC = 0x47;

/** Packet sizes of transport streams, and where in a packet the sync byte is. */
const TS_PACKETS = [
    { bytes: 188, syncAt: 0 },
    { bytes: 192, syncAt: 4 },
    { bytes: 204, syncAt: 0 },
] as const;

/** Bytes at the beginning of a file that tell whether it is a transport stream. */
export const TS_START_BYTES = 4 * 204 + 1;

/**
 * The packets of a transport stream.
 * @param start its first {@link TS_START_BYTES}
 * @returns undefined for anything else
 */
export function transportPacket(start: Buffer): (typeof TS_PACKETS)[number] | undefined {
    return TS_PACKETS.find(({ bytes, syncAt }) =>
        [0, 1, 2, 3].every((index) => start[index * bytes + syncAt] === TS_SYNC),
    );
}

async function checkTransportStream(file: FileHandle, size: number): Promise<Finding> {
    const start = await readAt(file, 0, TS_START_BYTES);
    const packet = transportPacket(start);
    // Shorter than four packets, or a recording that starts anywhere.
    if (!packet || size % packet.bytes === 0) return undefined;
    return 'the transport stream ends in the middle of a packet';
}

const PS_START_CODE = Buffer.from([0, 0, 1]);
const PS_END = 0xb9;

/** From here on start codes are those of packets that tell their length (ISO/IEC 13818-1). */
const PS_FIRST_SIZED = 0xbb;

/** A packet's header, and the longest packet. */
const PS_HEADER_BYTES = 6;
const PS_TAIL_BYTES = 65_535 + PS_HEADER_BYTES;

async function checkProgramStream(file: FileHandle, size: number): Promise<Finding> {
    const tail = await readAt(file, size - PS_TAIL_BYTES, PS_TAIL_BYTES);
    let at = tail.lastIndexOf(PS_START_CODE);
    while (at >= 0) {
        const id = tail[at + 3];
        if (id === PS_END) return undefined;
        if (id !== undefined && id >= PS_FIRST_SIZED && at + PS_HEADER_BYTES <= tail.length) {
            const end = at + PS_HEADER_BYTES + tail.readUInt16BE(at + 4);
            return end > tail.length
                ? 'the program stream ends in the middle of a packet'
                : undefined;
        }
        at = at > 0 ? tail.lastIndexOf(PS_START_CODE, at - 1) : -1;
    }
    return undefined;
}

const OGG_PAGE = Buffer.from('OggS');
const OGG_HEADER_BYTES = 27;
const OGG_MAX_PAGE_BYTES = OGG_HEADER_BYTES + 255 + 255 * 255;
const OGG_LAST_PAGE = 0x04;

/** RFC 3533, 6: the last page of each stream says so, and each page tells how long it is. */
async function checkOgg(file: FileHandle, size: number): Promise<Finding> {
    const tail = await readAt(file, size - OGG_MAX_PAGE_BYTES, OGG_MAX_PAGE_BYTES);
    const at = tail.lastIndexOf(OGG_PAGE);
    const flags = tail[at + 5];
    const segments = tail[at + OGG_HEADER_BYTES - 1];
    if (at < 0) return undefined;
    if (flags === undefined || segments === undefined) return 'the Ogg file ends within a page';
    const table = tail.subarray(at + OGG_HEADER_BYTES, at + OGG_HEADER_BYTES + segments);
    const end = table.reduce((sum, length) => sum + length, at + OGG_HEADER_BYTES + segments);
    if (table.length < segments || end > tail.length) return 'the Ogg file ends within a page';
    return (flags & OGG_LAST_PAGE) === 0 ? 'the Ogg file has no last page' : undefined;
}
