/** Asks ffprobe what a file is, and refuses what cannot be encoded before any work is done. */
import { stat } from 'node:fs/promises';
import { runOnInput } from './arrival.js';
import { findCutOff, startsWithBox } from './container-structure.js';
import { findEarlyEnd } from './recording-structure.js';
import { EncodeError } from './errors.js';
import type { JobInput, RawFormat } from './job.js';
import type { Limits } from './limits.js';
import { inputArguments } from './input-arguments.js';
import { readPixelFormats } from './pixel-formats.js';
import { probeWithoutDamaged } from './probe-damaged.js';
import { probeSchema, sourceInfo } from './probe-report.js';
import type { ProbeReport } from './probe-report.js';
import type { ProcessExit } from './process.js';
import { exitError } from './process.js';
import type { Programs } from './programs.js';
import { checkRawFormat, resolvePixelFormat } from './raw-format.js';
import type { PixelFormat } from './pixel-formats.js';
import type { SourceInfo } from './source-info.js';
import type { Supervisor } from './supervisor.js';

/** The table of one ffprobe never changes while this process runs. */
const formatTables = new Map<string, ReadonlyMap<string, PixelFormat>>();

async function pixelFormats(
    supervisor: Supervisor,
    ffprobe: string,
): Promise<ReadonlyMap<string, PixelFormat>> {
    const cached = formatTables.get(ffprobe);
    if (cached) return cached;
    const table = await readPixelFormats(async (args) => {
        const exit = await supervisor.run({
            program: 'ffprobe',
            path: ffprobe,
            args,
            stdout: 'collect',
        });
        if (exit.exitCode !== 0) throw exitError('PROGRAM_MISSING', 'ffprobe does not work', exit);
        return exit.output;
    });
    formatTables.set(ffprobe, table);
    return table;
}

export interface ProbeRequest {
    programs: Programs;
    input: JobInput;
    limits: Pick<Limits, 'maxPixels' | 'maxStreams' | 'durationSeconds'>;
    /** Existing folder for a temporary file, the one that the programs run in. */
    workDir: string;
}

/**
 * Of an input that is still on its way only the beginning is looked at: what the whole file would
 * say may be more, such as its duration, or that it is cut off.
 * @throws EncodeError INPUT_EMPTY, INPUT_NOT_MEDIA, INPUT_TRUNCATED, INPUT_NO_VIDEO,
 * INPUT_NO_FRAMES, INPUT_TOO_LONG, INPUT_TOO_LARGE, RAW_FORMAT_UNKNOWN, RAW_SIZE_MISMATCH,
 * PROGRAM_MISSING, or the reason for which the supervisor was stopped
 */
export async function probeInput(
    supervisor: Supervisor,
    request: ProbeRequest,
): Promise<SourceInfo> {
    const { programs, input, limits } = request;
    const sizeBytes = input.arrival?.sizeBytes ?? (await fileSize(input.path));
    const formats = await pixelFormats(supervisor, programs.ffprobe);
    const source =
        input.kind === 'raw'
            ? await probeRaw(supervisor, programs.ffprobe, input, formats, sizeBytes, limits)
            : await probeContainer(supervisor, request, formats, sizeBytes);
    checkPicture(source, limits.maxPixels);
    return source;
}

async function fileSize(path: string): Promise<number> {
    const status = await stat(path).catch((cause: unknown) => {
        throw new EncodeError('INPUT_NOT_MEDIA', 'the input cannot be read', { cause });
    });
    if (!status.isFile()) throw new EncodeError('INPUT_NOT_MEDIA', 'the input is no regular file');
    if (status.size === 0) throw new EncodeError('INPUT_EMPTY', 'the input is empty (0 bytes)');
    return status.size;
}

async function probeContainer(
    supervisor: Supervisor,
    request: ProbeRequest,
    formats: ReadonlyMap<string, PixelFormat>,
    sizeBytes: number,
): Promise<SourceInfo> {
    const { programs, input, limits } = request;
    const exit = await runOnInput(supervisor, input, {
        program: 'ffprobe',
        path: programs.ffprobe,
        args: [
            ...['-v', 'warning', '-of', 'json=c=1'],
            ...['-show_format', '-show_streams', '-show_chapters'],
            ...inputArguments(input, limits),
        ],
        stdout: 'collect',
    });
    const report = await readReport(supervisor, request, exit);
    const source = sourceInfo(report, formats, 'container', sizeBytes);
    const declared = source.video.durationSeconds ?? source.durationSeconds ?? 0;
    if (declared > limits.durationSeconds) {
        throw tooLong(declared, limits.durationSeconds);
    }
    // After the limits: of a file that is still on its way they can be told, the rest cannot.
    const cutOff = input.arrival ? undefined : await findCutOff(input.path, source.format);
    if (cutOff !== undefined) {
        throw new EncodeError('INPUT_TRUNCATED', `the input is cut off: ${cutOff}`, {
            hint: 'The recording or copy of the file was not finished; copy it again.',
        });
    }
    if (source.video.codec === 'unknown') {
        throw new EncodeError('INPUT_NOT_MEDIA', 'the codec of the video is not known here');
    }
    if (source.video.width === 0 || source.video.height === 0) {
        throw new EncodeError(
            'INPUT_NO_FRAMES',
            'the input declares a video stream, but no picture can be read from it',
            { program: 'ffprobe', stderrTail: exit.tail },
        );
    }
    if (input.arrival) return source;
    return { ...source, endsEarly: await findEarlyEnd(input.path, source.format) };
}

/** @throws EncodeError INPUT_NOT_MEDIA, INPUT_TRUNCATED, INPUT_TOO_LARGE */
async function readReport(
    supervisor: Supervisor,
    { programs, input, limits, workDir }: ProbeRequest,
    exit: ProcessExit,
): Promise<ProbeReport> {
    if (exit.exitCode !== 0) {
        // What is wrong is told of the whole file.
        if (input.arrival) throw exitError('INPUT_NOT_MEDIA', 'its beginning tells nothing', exit);
        const { path } = input;
        const rest = await probeWithoutDamaged(supervisor, exit, {
            ...{ programs, path, workDir },
            input: inputArguments(input, limits),
        });
        if (!rest) throw await probeError(exit, path);
        return rest;
    }
    const report = probeSchema.safeParse(JSON.parse(exit.output));
    if (report.success) return report.data;
    throw new EncodeError('INPUT_NOT_MEDIA', 'ffprobe says nothing usable of the input', {
        program: 'ffprobe',
        stderrTail: exit.tail,
        cause: report.error,
    });
}

export function tooLong(seconds: number, limitSeconds: number): EncodeError {
    return new EncodeError(
        'INPUT_TOO_LONG',
        `the input lasts ${formatMinutes(seconds)}, more than the ` +
            `${formatMinutes(limitSeconds)} that are allowed`,
        { hint: 'Cut it into shorter parts, or send it as raw video.' },
    );
}

function formatMinutes(seconds: number): string {
    return seconds < 120 ? `${Number(seconds.toFixed(1))} s` : `${(seconds / 60).toFixed(1)} min`;
}

async function probeError(exit: ProcessExit, path: string): Promise<EncodeError> {
    const tooLarge = tooLargeFromMessages(exit);
    if (tooLarge) return tooLarge;
    // ffprobe says this of any file that is named like an MP4.
    if (/moov atom not found/i.test(exit.tail) && (await startsWithBox(path))) {
        return exitError(
            'INPUT_TRUNCATED',
            'the input is cut off: its index (moov) is missing',
            exit,
            'The recording or copy of the file was not finished; copy it again.',
        );
    }
    const reason = /not on whitelist|Format not on/i.test(exit.tail)
        ? 'the input is of a format that is not allowed here'
        : 'the input is no video that ffmpeg understands';
    return exitError('INPUT_NOT_MEDIA', reason, exit);
}

/** ffmpeg's own complaint about the limit that it was given. */
function tooLargeFromMessages(exit: ProcessExit): EncodeError | undefined {
    const match = /Picture size (\d+x\d+) (?:exceeds|is invalid)/.exec(exit.tail);
    return match
        ? exitError('INPUT_TOO_LARGE', `pictures of ${match[1]} are larger than allowed`, exit)
        : undefined;
}

async function probeRaw(
    supervisor: Supervisor,
    ffprobe: string,
    input: JobInput & { kind: 'raw'; raw: RawFormat },
    formats: ReadonlyMap<string, PixelFormat>,
    sizeBytes: number,
    limits: Pick<Limits, 'maxPixels' | 'maxStreams'>,
): Promise<SourceInfo> {
    checkRawFormat(input.raw);
    const { name, swapsChroma } = resolvePixelFormat(input.raw.pixelFormat, formats);
    // At one frame per second the bitrate that ffprobe gives is the size of a frame in bits.
    const raw = { ...input.raw, pixelFormat: name, fps: { num: 1, den: 1 } };
    const oneFps: JobInput = { ...input, raw };
    const exit = await runOnInput(supervisor, input, {
        program: 'ffprobe',
        path: ffprobe,
        args: [
            ...['-v', 'error', '-of', 'json=c=1', '-show_format', '-show_streams'],
            ...inputArguments(oneFps, limits),
        ],
        stdout: 'collect',
    });
    const report = probeSchema.safeParse(exit.exitCode === 0 ? JSON.parse(exit.output) : undefined);
    if (!report.success) {
        throw (
            tooLargeFromMessages(exit) ??
            exitError('RAW_FORMAT_UNKNOWN', 'the raw video cannot be read as described', exit)
        );
    }
    const { width, height, fps } = input.raw;
    const frameBytes = Number(report.data.streams[0]?.bit_rate) / 8;
    const frames = sizeBytes / frameBytes;
    if (!Number.isInteger(frames)) {
        throw new EncodeError(
            'RAW_SIZE_MISMATCH',
            `${sizeBytes} bytes are no whole number of ${width}x${height} ${name} frames ` +
                `of ${frameBytes} bytes (${frames.toFixed(2)} frames)`,
            { hint: 'Check --input-res and --input-format, or whether the file is complete.' },
        );
    }
    const source = sourceInfo(report.data, formats, 'raw', sizeBytes);
    const durationSeconds = (frames * fps.den) / fps.num;
    const timeBase = { num: fps.den, den: fps.num };
    return {
        ...source,
        durationSeconds,
        video: { ...source.video, fps, timeBase, frames, durationSeconds, swapsChroma },
    };
}

function checkPicture({ video }: SourceInfo, maxPixels: number): void {
    const { width, height } = video;
    if (width * height > maxPixels) {
        throw new EncodeError(
            'INPUT_TOO_LARGE',
            `pictures of ${width}x${height} are larger than the ${maxPixels} pixels allowed`,
        );
    }
}
