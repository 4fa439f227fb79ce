/** The first segment: the source's own pictures, decoded by ffmpeg into kvazaar's stdin. */
import { runOnInput } from './arrival.js';
import { BrokenPipeError, isBrokenPipe } from './broken-pipe.js';
import type { Writable } from 'node:stream';
import { EncodeError } from './errors.js';
import type { JobInput, Rational } from './job.js';
import type { Limits } from './limits.js';
import { pictureFilters } from './picture.js';
import type { PictureFormat } from './picture.js';
import { sourceArguments } from './input-arguments.js';
import { tooLong } from './probe.js';
import type { ProcessExit } from './process.js';
import { exitError } from './process.js';
import type { Programs } from './programs.js';
import { parseShowinfo } from './showinfo.js';
import type { SourceInfo } from './source-info.js';
import type { Supervisor } from './supervisor.js';
import { fileUrl } from './whitelists.js';

/** What was really decoded. */
export interface DecodedSource {
    /** Time of each frame in units of `timeBase`, zero at the source's start. */
    pts: (number | undefined)[];
    timeBase: Rational;
    /** Whether the picture size differed from the declared one in some frame. */
    changesSize: boolean;
    /** Frames that say of themselves that they are interlaced, by the field that comes first. */
    topFirstFrames: number;
    bottomFirstFrames: number;
    /** Lines in which ffmpeg complained about the data. */
    complaints: number;
    /** The last of them. */
    tail: string;
    /** Whether ffmpeg met the end of the file in the middle of something. */
    cutOff: boolean;
    /** How long nothing of the source was there to be decoded, in seconds. */
    waitedSeconds: number;
}

export interface DecodeRequest {
    programs: Programs;
    input: JobInput;
    source: SourceInfo;
    picture: PictureFormat;
    limits: Limits;
    /** Of kvazaar, 0 (all in its main thread) or more; the decoder takes as many, but at least 1. */
    threads: number;
    /** Whether the job ends at the first complaint about the data. */
    strict: boolean;
}

/** ffmpeg's words for a file that ends too early. */
const CUT_OFF =
    /partial file|File ended prematurely|Truncat(?:ed|ing) (?:packet|file)|unexpected end of file/i;

const COMPLAINT = /\[(?:error|fatal|panic)\]|corrupt/i;

/**
 * Decodes the whole source into `output`, which stays open.
 * @throws EncodeError DECODER_FAILED, INPUT_TOO_LONG, or the reason for which the job was stopped
 */
export async function decodeSource(
    supervisor: Supervisor,
    request: DecodeRequest,
    output: Writable,
): Promise<DecodedSource> {
    const { source, limits } = request;
    const decoded: DecodedSource = {
        pts: [],
        timeBase: source.video.timeBase,
        changesSize: false,
        topFirstFrames: 0,
        bottomFirstFrames: 0,
        complaints: 0,
        tail: '',
        cutOff: false,
        waitedSeconds: 0,
    };
    const isLimited = source.kind === 'container';
    const onLine = (line: string): boolean => {
        const info = parseShowinfo(line);
        if (!info) {
            if (COMPLAINT.test(line)) {
                decoded.complaints += 1;
                if (request.strict) supervisor.stop(damaged(supervisor.tell(withoutMarks(line))));
            }
            decoded.cutOff ||= CUT_OFF.test(line);
            return false;
        }
        if (info.type === 'config') decoded.timeBase = info.timeBase;
        if (info.type !== 'frame') return true;
        decoded.pts.push(info.pts);
        decoded.changesSize ||=
            info.width !== source.video.width || info.height !== source.video.height;
        if (info.scan === 'T') decoded.topFirstFrames += 1;
        if (info.scan === 'B') decoded.bottomFirstFrames += 1;
        supervisor.touch();
        const seconds = ((info.pts ?? 0) * decoded.timeBase.num) / decoded.timeBase.den;
        // The container's declaration was checked before; this one cannot lie.
        if (isLimited && seconds > limits.durationSeconds) {
            supervisor.stop(tooLong(seconds, limits.durationSeconds));
        }
        return true;
    };
    const exit = await runOnInput(supervisor, request.input, {
        program: 'ffmpeg',
        path: request.programs.ffmpeg,
        args: decodeArguments(request),
        stdout: output,
        tellsEachFrame: true,
        onLine,
    });
    if (exit.exitCode !== 0) throw decodeError(exit);
    return { ...decoded, tail: exit.tail, waitedSeconds: exit.waitedSeconds };
}

/** A line without ffmpeg's marks of module and level. */
function withoutMarks(line: string): string {
    return line.replace(/^(?:\[[^\]]*\] *)+/, '');
}

/** @param what is wrong with the input */
export function damaged(what: string): EncodeError {
    return new EncodeError('INPUT_DAMAGED', `the input is damaged: ${what}`, {
        program: 'ffmpeg',
        hint: 'Copy or record it again, or encode what is there without --strict.',
    });
}

function decodeArguments(request: DecodeRequest): string[] {
    const { source, picture } = request;
    return [
        ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+info'],
        // Left alone (0), ffmpeg takes one for each core, and one more, whoever else needs them.
        ...['-threads', String(Math.max(1, request.threads))],
        ...sourceArguments(request.input, source, request.limits),
        ...['-map', `0:${source.video.index}`, '-an', '-sn', '-dn'],
        ...['-vf', ['showinfo=checksum=0', ...pictureFilters(source.video, picture)].join(',')],
        // Each decoded frame once: no frame is dropped or doubled to keep a rate.
        ...['-fps_mode', 'passthrough'],
        ...['-f', 'rawvideo', 'pipe:1'],
    ];
}

function decodeError(exit: ProcessExit): EncodeError {
    if (isBrokenPipe(exit)) return new BrokenPipeError(exit);
    return exitError('DECODER_FAILED', 'the input could not be decoded', exit);
}

/** A way to reach the source's last picture. */
export interface LastPictureAttempt {
    /** Arguments that read the source from there on. */
    input: string[];
    /** How far before the picture that is, in seconds, less half a frame. */
    leadSeconds: number;
}

/** Where seeking lands behind the last keyframe, it has to start so much before the picture. */
const LONG_LEAD_SECONDS = 10;

/** Sources that cannot be sought are read again from the start, if they are no longer than this. */
const REREAD_SECONDS = 30;

/**
 * Ways to reach the last picture, the cheapest first.
 * @param seconds a time just before that picture, zero at the source's start
 */
export function lastPictureAttempts(request: DecodeRequest, seconds: number): LastPictureAttempt[] {
    const input = sourceArguments(request.input, request.source, request.limits);
    const attempts = [0, LONG_LEAD_SECONDS]
        .filter((leadSeconds) => seconds > leadSeconds)
        .map((leadSeconds) => ({
            input: ['-ss', (seconds - leadSeconds).toFixed(6), ...input],
            leadSeconds,
        }));
    if (seconds <= REREAD_SECONDS) attempts.push({ input, leadSeconds: Math.max(0, seconds) });
    return attempts;
}

/** Arguments that read an image that a user may have sent. */
export function imageInput(path: string, maxPixels: number): string[] {
    return [
        ...['-protocol_whitelist', 'file,pipe'],
        ...['-format_whitelist', 'png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,gif,apng,tiff_pipe'],
        ...['-max_pixels', String(maxPixels), '-i', fileUrl(path)],
    ];
}
