/**
 * The encoding phase: one kvazaar, fed by one producer of frames after the other. Each producer
 * is a segment of the result's timeline; for now there are two, the source and the logo.
 */
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { currentInput } from './arrival.js';
import { BrokenPipeError } from './broken-pipe.js';
import { decodeSource, lastPictureAttempts } from './decode.js';
import type { DecodedSource, DecodeRequest } from './decode.js';
import { secondsAfter } from './eta.js';
import { EncodeError } from './errors.js';
import type { FrameStatistics } from './frame-statistics.js';
import type { EncodeEvent, EncodeJob, JobInput, Rational } from './job.js';
import type { KvazaarSummary } from './kvazaar-output.js';
import { startKvazaar } from './kvazaar-process.js';
import { DEFAULT_LOGO_PATH, logoFrameCount, produceLogo } from './logo.js';
import { packetSizes } from './packet-sizes.js';
import type { PictureFormat } from './picture.js';
import { ProgressMeter } from './progress.js';
import { resultTooLarge } from './publish.js';
import type { SourceInfo } from './source-info.js';
import type { Supervisor } from './supervisor.js';

export interface EncodeFramesRequest<Prepared> {
    job: EncodeJob;
    /** The job's input when all of it is here, with ffmpeg's name of the pixel format. */
    input: JobInput;
    /** As far as decoding needs it. */
    source: SourceInfo;
    /** All that is known of it, when all of it is here. */
    whole: Promise<SourceInfo>;
    picture: PictureFormat;
    /** Filled with one report for each frame. */
    statistics: FrameStatistics;
    emit: (event: EncodeEvent) => void;
    /** Called when the source is decoded, and awaited before the logo. */
    whenDecoded: (decoded: DecodedSource, logoFrames: number) => Promise<Prepared>;
}

export interface EncodedFrames<Prepared> {
    /** The elementary stream in the work folder. */
    streamPath: string;
    decoded: DecodedSource;
    logoFrames: number;
    summary: KvazaarSummary;
    notes: string[];
    /** What `whenDecoded` has returned. */
    prepared: Prepared;
}

/** @throws EncodeError of the program that failed first, or the reason for a stop */
export async function encodeFrames<Prepared>(
    supervisor: Supervisor,
    request: EncodeFramesRequest<Prepared>,
): Promise<EncodedFrames<Prepared>> {
    const { job, source, whole, picture, statistics, emit } = request;
    const streamPath = join(job.workDir, 'stream.hevc');
    const logoFrames = logoFrameCount(job.logo, picture.fps);
    const expected = expectedFrames(source, picture.fps, logoFrames);
    const meter = new ProgressMeter({
        fps: picture.fps,
        expectedFrames: expected,
        logoFrames,
        secondsAfter: secondsAfter(
            job.verify === 'all' ? (expected ?? 0) * picture.width * picture.height : 0,
        ),
        statistics,
        emit,
    });
    const expectAll = (known: SourceInfo): void => {
        const frames = expectedFrames(known, picture.fps, logoFrames);
        if (frames !== undefined) meter.expect(frames);
    };
    // Should it fail, the job ends by that.
    whole.then(expectAll, () => undefined);
    const threads = typeof job.threads === 'function' ? job.threads() : job.threads;
    const kvazaar = await startKvazaar(supervisor, {
        kvazaar: job.programs.kvazaar,
        options: job.options,
        picture,
        threads,
        writesHashes: job.verify === 'all',
        streamPath,
        onFrame: (report) => {
            meter.frame(report);
            if (meter.bits / 8 > job.limits.outputBytes)
                supervisor.stop(resultTooLarge(job.limits));
        },
    });
    const endHint = hintSoon(supervisor, request, meter);
    try {
        const segments = await produceSegments(supervisor, request, {
            output: kvazaar.input,
            threads,
            logoFrames,
            onSourceEnd: (frames) => meter.expect(frames + logoFrames),
        });
        kvazaar.input.end();
        const summary = await kvazaar.finish();
        meter.finish();
        return { streamPath, logoFrames, summary, ...segments };
    } catch (error) {
        if (!(error instanceof BrokenPipeError)) throw error;
        // kvazaar ended first, so its end is the cause.
        kvazaar.input.end();
        await kvazaar.finish();
        throw error;
    } finally {
        endHint();
    }
}

/** An encode that is over by then needs no better estimate of the time that is left. */
const HINT_AFTER_MS = 2_000;

/**
 * Tells the meter what the source spends on its frames, soon, but not before all of it is here.
 * @returns what ends the wait
 */
function hintSoon<Prepared>(
    supervisor: Supervisor,
    { job, input, source: { kind }, whole }: EncodeFramesRequest<Prepared>,
    meter: ProgressMeter,
): () => void {
    if (kind === 'raw') return () => undefined;
    const { programs, limits } = job;
    const read = async (): Promise<void> => {
        try {
            const source = await whole;
            meter.hint(await packetSizes(supervisor, { programs, input, limits, source }));
        } catch {
            // The job goes without, or has been stopped.
        }
    };
    const timer = setTimeout(() => void supervisor.alongside(read()), HINT_AFTER_MS);
    return () => clearTimeout(timer);
}

interface Feed {
    /** kvazaar's stdin; it stays open. */
    output: Writable;
    /** Of the decoder. */
    threads: number;
    logoFrames: number;
    onSourceEnd: (frames: number) => void;
}

async function produceSegments<Prepared>(
    supervisor: Supervisor,
    { job, input, source, whole, picture, whenDecoded }: EncodeFramesRequest<Prepared>,
    { output, threads, logoFrames, onSourceEnd }: Feed,
): Promise<Pick<EncodedFrames<Prepared>, 'decoded' | 'notes' | 'prepared'>> {
    const decoding: DecodeRequest = {
        programs: job.programs,
        input: currentInput(input, job.input.arrival),
        source,
        picture,
        limits: job.limits,
        threads,
        strict: job.strict ?? false,
    };
    const decoded = await decodeSource(supervisor, decoding, output);
    if (decoded.pts.length === 0) {
        throw new EncodeError('INPUT_NO_FRAMES', 'no picture could be decoded from the input', {
            program: 'ffmpeg',
            stderrTail: decoded.tail,
        });
    }
    // It says how many frames to expect, and now there is no doubt.
    await whole;
    onSourceEnd(decoded.pts.length);
    const prepared = await whenDecoded(decoded, logoFrames);
    if (logoFrames === 0) return { decoded, notes: [], prepared };
    const { fromLastPicture } = await produceLogo(
        supervisor,
        {
            ffmpeg: job.programs.ffmpeg,
            logoPath: job.logo.path ?? DEFAULT_LOGO_PATH,
            frames: logoFrames,
            video: source.video,
            picture,
            maxPixels: job.limits.maxPixels,
            lastPicture: lastPictureAttempts(
                { ...decoding, input },
                lastPictureSeconds(decoded, picture.fps),
            ),
            inputPath: input.path,
        },
        output,
    );
    const notes = fromLastPicture
        ? []
        : ['the logo starts from black: the source cannot be sought'];
    return { decoded, notes, prepared };
}

/** Half a frame before the last picture, so that rounding does not skip it. */
function lastPictureSeconds({ pts, timeBase }: DecodedSource, fps: Rational): number {
    const last = pts.reduce<number>((latest, time) => Math.max(latest, time ?? 0), 0);
    return (last * timeBase.num) / timeBase.den - fps.den / fps.num / 2;
}

function expectedFrames(
    { kind, format, video, durationSeconds }: SourceInfo,
    fps: Rational,
    logoFrames: number,
): number | undefined {
    // AVI counts skipped frames, too.
    const declared = kind === 'raw' || format !== 'avi' ? video.frames : undefined;
    const seconds = video.durationSeconds ?? durationSeconds;
    const counted = seconds === undefined ? undefined : Math.round((seconds * fps.num) / fps.den);
    const frames = declared ?? counted;
    return frames === undefined ? undefined : Math.max(1, frames) + logoFrames;
}
