/** A result counts only when it was read back: every packet and its time, first and last frames. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { EncodeError } from './errors.js';
import type { Container } from './job.js';
import type { ProcessExit } from './process.js';
import type { Programs } from './programs.js';
import type { StreamPlan } from './streams.js';
import type { Supervisor } from './supervisor.js';
import { ticksToSeconds } from './timestamps.js';
import type { Timeline } from './timestamps.js';
import { fileUrl } from './whitelists.js';

export interface VerifyRequest {
    programs: Programs;
    resultPath: string;
    container: Container;
    timeline: Timeline;
    /** What the result must have beside the video. */
    streams: StreamPlan;
    workDir: string;
    /** Whether every frame is decoded, not only the first and the last ones. */
    decodesAll: boolean;
}

/** One packet of the video as ffprobe reads it. */
interface Packet {
    /** Seconds; undefined in an elementary stream. */
    time: number | undefined;
    /** Offset in the file, in bytes. */
    position: number;
    isKey: boolean;
}

/** @throws EncodeError VERIFICATION_FAILED, or the reason for which the job was stopped */
export async function verifyResult(supervisor: Supervisor, request: VerifyRequest): Promise<void> {
    const packets = await readPackets(supervisor, request);
    const expected = request.timeline.ticks.length;
    if (packets.length !== expected) {
        throw failed(`the result has ${packets.length} frames instead of ${expected}`);
    }
    if (request.container !== 'hevc') {
        checkTimes(packets, request.timeline);
        await checkStreams(supervisor, request);
    }
    if (request.decodesAll) {
        await decodeAll(supervisor, request, expected);
    } else {
        await decodeFirst(supervisor, request);
        await decodeLast(supervisor, request, packets);
    }
}

function failed(message: string, exit?: ProcessExit): EncodeError {
    return new EncodeError('VERIFICATION_FAILED', message, {
        program: exit?.program,
        exitCode: exit?.exitCode,
        signal: exit?.signal,
        stderrTail: exit?.tail,
    });
}

/** Our own files need no whitelist of formats, only the assurance that nothing else is opened. */
const READ_ONLY_FILE = ['-protocol_whitelist', 'file,pipe'];

async function readPackets(supervisor: Supervisor, request: VerifyRequest): Promise<Packet[]> {
    const packets: Packet[] = [];
    const exit = await supervisor.run({
        program: 'ffprobe',
        path: request.programs.ffprobe,
        args: [
            ...['-v', 'error', ...READ_ONLY_FILE, '-select_streams', 'v:0'],
            ...['-show_entries', 'packet=pts_time,pos,flags', '-of', 'compact=p=0'],
            fileUrl(request.resultPath),
        ],
        stdout(line) {
            const fields = new Map(
                line.split('|').map((field) => {
                    const [name = '', value = ''] = field.split('=');
                    return [name, value];
                }),
            );
            const time = Number(fields.get('pts_time'));
            packets.push({
                time: Number.isNaN(time) ? undefined : time,
                position: Number(fields.get('pos')),
                isKey: fields.get('flags')?.includes('K') ?? false,
            });
        },
    });
    if (exit.exitCode !== 0) throw failed('the result cannot be read', exit);
    return packets;
}

/** Times are compared in seconds: rounding of the coarsest container unit, 1 ms, is allowed. */
const TIME_TOLERANCE_SECONDS = 0.000_6;

function checkTimes(packets: readonly Packet[], timeline: Timeline): void {
    const times = packets.map((packet) => packet.time ?? Number.NaN).sort((a, b) => a - b);
    for (const [frame, tick] of timeline.ticks.entries()) {
        const expected = ticksToSeconds(tick, timeline.timeBase);
        const actual = times[frame] ?? Number.NaN;
        if (!(Math.abs(actual - expected) <= TIME_TOLERANCE_SECONDS)) {
            throw failed(
                `frame ${frame} of the result is shown at ${actual} s instead of ` +
                    `${expected.toFixed(6)} s`,
            );
        }
    }
}

async function checkStreams(supervisor: Supervisor, request: VerifyRequest): Promise<void> {
    const found: string[] = [];
    const exit = await supervisor.run({
        program: 'ffprobe',
        path: request.programs.ffprobe,
        args: [
            ...['-v', 'error', ...READ_ONLY_FILE],
            ...['-show_entries', 'stream=codec_type', '-of', 'csv=p=0'],
            fileUrl(request.resultPath),
        ],
        // Side data of the stream may follow on the line.
        stdout: (line) => found.push(/^\w+/.exec(line)?.[0] ?? ''),
    });
    if (exit.exitCode !== 0) throw failed('the streams of the result cannot be read', exit);
    for (const [kind, expected] of [
        ['audio', request.streams.audio.length],
        ['subtitle', request.streams.subtitles.length],
    ] as const) {
        const actual = found.filter((type) => type === kind).length;
        if (actual !== expected) {
            throw failed(`the result has ${actual} ${kind} streams instead of ${expected}`);
        }
    }
}

/** Pictures are compared with the MD5 hashes in the stream, where there are some. */
async function decodeAll(
    supervisor: Supervisor,
    request: VerifyRequest,
    expected: number,
): Promise<void> {
    const frames = await decode(supervisor, request, {
        input: ['-err_detect', '+crccheck+explode', '-i', fileUrl(request.resultPath)],
        output: [],
    });
    if (frames !== expected) throw failed(`${frames} of ${expected} frames can be decoded`);
}

async function decodeFirst(supervisor: Supervisor, request: VerifyRequest): Promise<void> {
    const frames = await decode(supervisor, request, {
        input: ['-i', fileUrl(request.resultPath)],
        output: ['-frames:v', '1'],
    });
    if (frames !== 1) throw failed('the first frame of the result cannot be decoded');
}

/** Decodes from the last point of random access to the end. */
async function decodeLast(
    supervisor: Supervisor,
    request: VerifyRequest,
    packets: readonly Packet[],
): Promise<void> {
    const keyIndex = packets.findLastIndex((packet) => packet.isKey);
    const key = packets[keyIndex];
    if (!key) throw failed('the result has no picture that decoding can start at');
    let frames: number;
    if (request.container === 'hevc') {
        const path = join(request.workDir, 'tail.hevc');
        await copyTail(request.resultPath, path, key.position);
        frames = await decode(supervisor, request, { input: ['-i', fileUrl(path)], output: [] });
    } else {
        const last = Math.max(...packets.slice(keyIndex).map(({ time }) => time ?? 0));
        // ffmpeg counts a seek from the file's start time.
        const start = Math.min(...packets.slice(0, 1).map(({ time }) => time ?? 0), last);
        const seek = Math.max(0, last - start - TIME_TOLERANCE_SECONDS);
        frames = await decode(supervisor, request, {
            input: ['-ss', seek.toFixed(6), '-i', fileUrl(request.resultPath)],
            output: [],
        });
    }
    if (frames === 0) throw failed('the last frames of the result cannot be decoded');
}

/** Enough for the parameter sets and the first picture's start. */
const HEADER_BYTES = 64 * 1024;
const COPY_BYTES = 4 * 1024 * 1024;

/** Writes the stream's parameter sets and everything from `position` on. */
async function copyTail(from: string, to: string, position: number): Promise<void> {
    const source = await open(from, 'r');
    const target = await open(to, 'w');
    try {
        const header = Buffer.alloc(HEADER_BYTES);
        const { bytesRead } = await source.read(header, 0, HEADER_BYTES, 0);
        if (position > 0) await target.write(parameterSets(header.subarray(0, bytesRead)));
        const chunk = Buffer.alloc(COPY_BYTES);
        for (let offset = position; ;) {
            const { bytesRead } = await source.read(chunk, 0, COPY_BYTES, offset);
            if (bytesRead === 0) break;
            await target.write(chunk, 0, bytesRead);
            offset += bytesRead;
        }
    } finally {
        await source.close();
        await target.close();
    }
}

const START_CODE = Buffer.from([0, 0, 1]);

/** NAL unit types below this are slices of pictures (Rec. ITU-T H.265, table 7-1). */
const FIRST_NON_VCL_TYPE = 32;

/** Everything before the first slice. */
export function parameterSets(stream: Buffer): Buffer {
    let at = stream.indexOf(START_CODE);
    while (at >= 0) {
        const header = stream[at + START_CODE.length];
        if (header === undefined) break;
        const type = (header >> 1) & 0x3f;
        if (type < FIRST_NON_VCL_TYPE) {
            // The byte before a start code may belong to it.
            return stream.subarray(0, at > 0 && stream[at - 1] === 0 ? at - 1 : at);
        }
        at = stream.indexOf(START_CODE, at + START_CODE.length);
    }
    return stream;
}

/** @returns how many frames came out */
async function decode(
    supervisor: Supervisor,
    request: VerifyRequest,
    { input, output }: { input: readonly string[]; output: readonly string[] },
): Promise<number> {
    let frames = 0;
    const exit = await supervisor.run({
        program: 'ffmpeg',
        path: request.programs.ffmpeg,
        args: [
            ...['-hide_banner', '-nostdin', '-nostats', '-v', 'error', '-xerror'],
            ...[...READ_ONLY_FILE, ...input],
            ...['-map', '0:v:0', '-an', '-sn', '-dn', ...output],
            ...['-fps_mode', 'passthrough', '-f', 'framecrc', 'pipe:1'],
        ],
        stdout(line) {
            if (!line.startsWith('#')) frames += 1;
            supervisor.touch();
        },
    });
    // Each of them is about a picture that is not as it was coded.
    const isDamaged = /mismatching checksum|error/i.test(exit.tail);
    if (exit.exitCode !== 0 || isDamaged) throw failed('the result cannot be decoded', exit);
    return frames;
}
