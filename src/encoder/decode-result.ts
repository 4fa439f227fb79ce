/** Decodes a result, or its first and last frames: pictures that no decoder can read are no result. */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Supervisor } from './supervisor.js';
import { ticksToSeconds } from './timestamps.js';
import { READ_ONLY_FILE, TIME_TOLERANCE_SECONDS, verificationError } from './verification.js';
import type { ResultFile } from './verification.js';
import { fileUrl } from './whitelists.js';

/**
 * Every frame; pictures are compared with the MD5 hashes in the stream, where there are some.
 * @throws EncodeError VERIFICATION_FAILED, or the reason for which the job was stopped
 */
export async function decodeAll(supervisor: Supervisor, request: ResultFile): Promise<void> {
    const expected = request.timeline.ticks.length;
    const { total } = await decode(supervisor, request, [
        ...[...READ_ONLY_FILE, '-err_detect', '+crccheck+explode'],
        ...['-i', fileUrl(request.resultPath), '-map', '0:v:0'],
    ]);
    if (total !== expected) {
        throw verificationError(`${total} of ${expected} frames can be decoded`);
    }
}

/**
 * The first frame, and everything from the last point of random access on, by one program.
 * @throws EncodeError VERIFICATION_FAILED, or the reason for which the job was stopped
 */
export async function decodeEnds(supervisor: Supervisor, request: ResultFile): Promise<void> {
    const counts = await decode(supervisor, request, [
        ...[...READ_ONLY_FILE, '-i', fileUrl(request.resultPath)],
        ...[...READ_ONLY_FILE, ...(await endInput(request))],
        ...['-filter_complex', '[0:v:0]trim=end_frame=1[first]', '-map', '[first]'],
        ...['-map', '1:v:0'],
    ]);
    if (counts.first !== 1) {
        throw verificationError('the first frame of the result cannot be decoded');
    }
    if (counts.total - counts.first === 0) {
        throw verificationError('the last frames of the result cannot be decoded');
    }
}

/** Arguments that make ffmpeg read the end of the result. */
async function endInput(request: ResultFile): Promise<string[]> {
    const { container, resultPath, workDir, timeline } = request;
    if (container === 'hevc') {
        const path = join(workDir, 'tail.hevc');
        await copyTail(resultPath, path);
        return ['-i', fileUrl(path)];
    }
    // ffmpeg counts a seek from the file's start time.
    const span = (timeline.ticks.at(-1) ?? 0) - (timeline.ticks[0] ?? 0);
    const seek = Math.max(0, ticksToSeconds(span, timeline.timeBase) - TIME_TOLERANCE_SECONDS);
    return ['-ss', seek.toFixed(6), '-i', fileUrl(resultPath)];
}

interface DecodedFrames {
    /** Frames of the first mapped stream. */
    first: number;
    /** Frames of all mapped streams. */
    total: number;
}

async function decode(
    supervisor: Supervisor,
    request: ResultFile,
    input: readonly string[],
): Promise<DecodedFrames> {
    const frames: DecodedFrames = { first: 0, total: 0 };
    const exit = await supervisor.run({
        program: 'ffmpeg',
        path: request.programs.ffmpeg,
        args: [
            ...['-hide_banner', '-nostdin', '-nostats', '-v', 'error', '-xerror', ...input],
            ...['-an', '-sn', '-dn', '-fps_mode', 'passthrough', '-f', 'framecrc', 'pipe:1'],
        ],
        stdout(line) {
            supervisor.touch();
            if (line.startsWith('#')) return;
            frames.total += 1;
            if (line.startsWith('0,')) frames.first += 1;
        },
    });
    // Each of them is about a picture that is not as it was coded.
    const isDamaged = /mismatching checksum|error/i.test(exit.tail);
    if (exit.exitCode !== 0 || isDamaged) {
        throw verificationError('the result cannot be decoded', exit);
    }
    return frames;
}

/** Enough for the parameter sets and the first picture's start. */
const HEADER_BYTES = 64 * 1024;
const COPY_BYTES = 4 * 1024 * 1024;

/** Writes the stream's parameter sets and everything from its last point of random access on. */
async function copyTail(from: string, to: string): Promise<void> {
    const source = await open(from, 'r');
    const target = await open(to, 'w');
    try {
        const position = await lastRandomAccess(source);
        const header = await readAt(source, 0, HEADER_BYTES);
        if (position > 0) await target.write(parameterSets(header));
        for (let offset = position; ; offset += COPY_BYTES) {
            const chunk = await readAt(source, offset, COPY_BYTES);
            if (chunk.length === 0) break;
            await target.write(chunk);
        }
    } finally {
        await source.close();
        await target.close();
    }
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await file.read(buffer, 0, length, offset);
    return buffer.subarray(0, bytesRead);
}

const START_CODE = Buffer.from([0, 0, 1]);

/** Start code, two bytes of header, and the byte that begins the slice. */
const NAL_START_BYTES = START_CODE.length + 3;

/** NAL unit types below this are slices of pictures (Rec. ITU-T H.265, table 7-1). */
const FIRST_NON_VCL_TYPE = 32;

function nalType(header: number): number {
    return (header >> 1) & 0x3f;
}

/** Whether a slice is the first of a picture that decoding can start at (types 16 to 21). */
function startsRandomAccess(stream: Buffer, startCode: number): boolean {
    const type = nalType(stream[startCode + START_CODE.length] ?? 0);
    const sliceByte = stream[startCode + NAL_START_BYTES - 1] ?? 0;
    return type >= 16 && type <= 21 && sliceByte >= 0x80;
}

const SEARCH_BYTES = 1024 * 1024;

/** Offset of the last picture that decoding can start at, read from the end; 0 where none is. */
export async function lastRandomAccess(file: FileHandle): Promise<number> {
    const { size } = await file.stat();
    for (let end = size; end > 0; end -= SEARCH_BYTES) {
        const start = Math.max(0, end - SEARCH_BYTES);
        // A start may lie across two of the pieces.
        const piece = await readAt(file, start, end - start + NAL_START_BYTES - 1);
        for (
            let at = piece.lastIndexOf(START_CODE);
            at >= 0;
            at = at > 0 ? piece.lastIndexOf(START_CODE, at - 1) : -1
        ) {
            if (startsRandomAccess(piece, at)) return start + at;
        }
    }
    return 0;
}

/** Everything before the first slice. */
export function parameterSets(stream: Buffer): Buffer {
    let at = stream.indexOf(START_CODE);
    while (at >= 0) {
        const header = stream[at + START_CODE.length];
        if (header === undefined) break;
        if (nalType(header) < FIRST_NON_VCL_TYPE) {
            // The byte before a start code may belong to it.
            return stream.subarray(0, at > 0 && stream[at - 1] === 0 ? at - 1 : at);
        }
        at = stream.indexOf(START_CODE, at + START_CODE.length);
    }
    return stream;
}
