/** kvazaar at work: raw 4:2:0 frames on its stdin, an HEVC elementary stream in a file. */
import type { Writable } from 'node:stream';
import { EncodeError } from './errors.js';
import type { FrameReport } from './frame-statistics.js';
import type { KvazaarOptions } from './kvazaar/options.js';
import { parseFrameLine, parseSummaryLine } from './kvazaar-output.js';
import type { KvazaarSummary } from './kvazaar-output.js';
import type { PictureFormat } from './picture.js';
import type { ProcessExit } from './process.js';
import { exitError } from './process.js';
import type { ColorInfo } from './source-info.js';
import type { Supervisor } from './supervisor.js';

export interface KvazaarRequest {
    /** Path of the program. */
    kvazaar: string;
    options: KvazaarOptions;
    picture: PictureFormat;
    /** 0 (all in its main thread) or more. */
    threads: number;
    /** Whether an MD5 hash of each picture goes into the stream, unless the user chose one. */
    writesHashes: boolean;
    /** Where the elementary stream goes. */
    streamPath: string;
    /** Called for each frame, in coding order. */
    onFrame: (frame: FrameReport) => void;
}

export interface RunningKvazaar {
    /** Give it to the producers of frames one after the other, then end it. */
    readonly input: Writable;
    /** @throws EncodeError ENCODER_FAILED or ENCODER_REJECTED_OPTIONS, or why the job was stopped */
    finish(): Promise<KvazaarSummary>;
}

/** @throws EncodeError PROGRAM_MISSING, or the reason for which the job was stopped */
export async function startKvazaar(
    supervisor: Supervisor,
    request: KvazaarRequest,
): Promise<RunningKvazaar> {
    let frames = 0;
    let summary: KvazaarSummary | undefined;
    const running = await supervisor.start({
        program: 'kvazaar',
        path: request.kvazaar,
        args: kvazaarArguments(request),
        stdin: 'pipe',
        // Usage errors go there.
        stdout: 'log',
        tellsEachFrame: true,
        onLine(line) {
            summary = parseSummaryLine(line) ?? summary;
            const parsed = parseFrameLine(line);
            if (!parsed) return false;
            frames += 1;
            supervisor.touch();
            request.onFrame(parsed.frame);
            return true;
        },
    });
    if (!running.stdin) throw new Error('kvazaar was started without a pipe');
    return {
        input: running.stdin,
        async finish() {
            const exit = await running.exited;
            supervisor.throwIfStopped();
            if (exit.exitCode !== 0) throw kvazaarError(exit, frames);
            if (!summary) {
                throw new EncodeError('ENCODER_FAILED', 'kvazaar ended without its summary', {
                    program: 'kvazaar',
                    exitCode: exit.exitCode,
                    stderrTail: exit.tail,
                });
            }
            return summary;
        },
    };
}

function kvazaarError(exit: ProcessExit, frames: number): EncodeError {
    // kvazaar checks its options before it reads a frame, and exits with 1.
    if (frames === 0 && exit.exitCode === 1) {
        const lines = exit.tail.split('\n').map((line) => line.trim());
        const reason = lines.findLast((line) => line !== '' && line !== 'Failed to open encoder.');
        return exitError(
            'ENCODER_REJECTED_OPTIONS',
            `kvazaar does not accept the options (${reason ?? 'it does not say why'})`,
            exit,
        );
    }
    return exitError('ENCODER_FAILED', `encoding broke off after ${frames} frames`, exit);
}

/** kvazaar's names where they differ from ffmpeg's. */
const MATRICES: Readonly<Record<string, string>> = { gbr: 'GBR', ycgco: 'YCgCo' };

const PRIMARIES = 'bt709 bt470m bt470bg smpte170m smpte240m film bt2020';
const TRANSFERS =
    'bt709 bt470m bt470bg smpte170m smpte240m linear log100 log316 ' +
    'iec61966-2-4 bt1361e iec61966-2-1 bt2020-10 bt2020-12';
const MATRIX_NAMES = 'bt709 fcc bt470bg smpte170m smpte240m GBR YCgCo bt2020nc bt2020c';

/** What kvazaar can write into the stream of the source's colours and pixel shape. */
function usabilityOptions({ color, range, sampleAspectRatio }: PictureFormat): [string, string][] {
    const options: [string, string | undefined][] = [
        ['--range', range === 'pc' ? 'pc' : undefined],
        ['--colorprim', knownName(color.primaries, PRIMARIES)],
        ['--transfer', knownName(color.transfer, TRANSFERS)],
        ['--colormatrix', knownName(MATRICES[color.matrix ?? ''] ?? color.matrix, MATRIX_NAMES)],
        ['--sar', aspectOption(sampleAspectRatio)],
    ];
    return options.filter((option): option is [string, string] => option[1] !== undefined);
}

function knownName(name: string | undefined, names: string): string | undefined {
    return name !== undefined && names.split(' ').includes(name) ? name : undefined;
}

/** The bitstream has 16 bits for each side. */
const MAX_ASPECT = 65_535;

function aspectOption({ num, den }: { num: number; den: number }): string | undefined {
    if (num === den || num > MAX_ASPECT || den > MAX_ASPECT) return undefined;
    return `${num}:${den}`;
}

/** Colours of the source that kvazaar has no name for, e.g. `smpte2084`. */
export function colorsNotInStream({ color }: PictureFormat): Partial<ColorInfo> {
    const { primaries, transfer, matrix } = color;
    return {
        ...(knownName(primaries, PRIMARIES) ? {} : { primaries }),
        ...(knownName(transfer, TRANSFERS) ? {} : { transfer }),
        ...(knownName(MATRICES[matrix ?? ''] ?? matrix, MATRIX_NAMES) ? {} : { matrix }),
    };
}

function kvazaarArguments(request: KvazaarRequest): string[] {
    const { picture, options, streamPath, threads } = request;
    const isSet = (name: string): boolean =>
        options.argv.some((argument) => argument === name || argument.startsWith(`${name}=`));
    const wanted = usabilityOptions(picture);
    if (request.writesHashes) wanted.push(['--hash', 'md5']);
    const inherited = wanted.filter(([name]) => !isSet(name));
    return [
        ...options.argv,
        ...inherited.flat(),
        ...['-i', '-', '-o', streamPath],
        ...['--input-res', `${picture.width}x${picture.height}`],
        ...['--input-fps', `${picture.fps.num}/${picture.fps.den}`],
        ...['--input-format', 'P420'],
        ...['--threads', String(threads)],
    ];
}
