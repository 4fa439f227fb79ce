/** One job from the source to the verified result: the story, told by the other modules. */
import { resolve } from 'node:path';
import { completeInput } from './arrival.js';
import { checkDecoded } from './completeness.js';
import { damaged } from './decode.js';
import type { DecodedSource } from './decode.js';
import { diskFullError } from './disk.js';
import { encodeFrames } from './encode-frames.js';
import { EncodeError } from './errors.js';
import { FrameStatistics } from './frame-statistics.js';
import type { EncodeEvent, EncodeJob, EncodeResult } from './job.js';
import { KvazaarOptionError } from './kvazaar/options.js';
import type { KvazaarOptions } from './kvazaar/options.js';
import { checkKvazaarPicture } from './kvazaar/picture.js';
import { colorsNotInStream } from './kvazaar-process.js';
import { createLauncher } from './launcher.js';
import { DEFAULT_LOGO_PATH } from './logo.js';
import { packageResult, prepareSide } from './package.js';
import type { PackageRequest } from './package.js';
import { pictureFormat } from './picture.js';
import type { PictureFormat } from './picture.js';
import { BeginningMisledError, openSource } from './open-source.js';
import { resolvedInput } from './input-arguments.js';
import { checkOutputFolder, checkOutputSize, publish } from './publish.js';
import { toNumber } from './rational.js';
import { fieldOrder } from './interlacing.js';
import { summarize } from './result.js';
import { signalColors } from './signal-colors.js';
import { decodingNotes, sourceNotes } from './source-notes.js';
import { planStreams } from './streams.js';
import { Supervisor } from './supervisor.js';
import { buildTimeline, isConstantRate } from './timestamps.js';
import { pathTeller } from './told-paths.js';
import { verifyResult } from './verify.js';
import { emptyFolder, folderActivity } from './work-folder.js';

type Emit = (event: EncodeEvent) => void;

/**
 * Encodes one source. Frames never pass through this process and never touch the disk: ffmpeg
 * writes them into kvazaar's stdin, first the source's, then the logo's.
 *
 * @throws EncodeError for everything that can be expected to go wrong. Nothing is left behind
 * then: no program runs, `outputPath` is untouched and the work folder is empty.
 */
export async function encode(request: EncodeJob): Promise<EncodeResult> {
    const job = withAbsolutePaths(request);
    try {
        return await encodeOnce(job);
    } catch (error) {
        if (!(error instanceof BeginningMisledError)) throw error;
        const line = `${error.message}; it is encoded again`;
        job.onEvent?.({ type: 'log', source: 'encoder', line });
        // All of it is here now.
        return encodeOnce({ ...job, input: completeInput(job.input) });
    }
}

async function encodeOnce(job: EncodeJob): Promise<EncodeResult> {
    const emit: Emit = (event) => job.onEvent?.(event);
    const launcher = await createLauncher({
        programs: job.programs,
        workDir: job.workDir,
        limits: job.limits,
        niceness: job.niceness ?? 0,
        sandbox: job.sandbox ?? 'auto',
    });
    emit({ type: 'log', source: 'encoder', line: `programs run in: ${launcher.description}` });
    const supervisor = new Supervisor({
        launcher,
        limits: job.limits,
        signal: job.signal,
        onLog: (source, line) => emit({ type: 'log', source, line }),
        tell: pathTeller({
            sourcePath: job.input.path,
            outputPath: job.outputPath,
            workDir: job.workDir,
            logoPath: job.logo.enabled ? (job.logo.path ?? DEFAULT_LOGO_PATH) : undefined,
        }),
        measureActivity: async () =>
            (await folderActivity(job.workDir)) + (job.input.arrival?.bytes ?? 0),
    });
    try {
        return await runJob(job, supervisor, emit);
    } catch (error) {
        // What failed because everything was being ended is not why it was ended.
        const first = supervisor.reason ?? error;
        throw (await diskFullError(first, job)) ?? first;
    } finally {
        await supervisor.close();
        await emptyFolder(job.workDir);
    }
}

/** Programs run in the work folder. */
function withAbsolutePaths(job: EncodeJob): EncodeJob {
    const { path } = job.logo;
    return {
        ...job,
        input: { ...job.input, path: resolve(job.input.path) },
        outputPath: resolve(job.outputPath),
        workDir: resolve(job.workDir),
        logo: { ...job.logo, ...(path === undefined ? {} : { path: resolve(path) }) },
    };
}

async function runJob(job: EncodeJob, supervisor: Supervisor, emit: Emit): Promise<EncodeResult> {
    const { programs, limits, workDir, container } = job;
    const notes = new Set<string>();
    const noteAll = (messages: Iterable<string>): void => {
        for (const message of messages) {
            if (notes.has(message)) continue;
            notes.add(message);
            emit({ type: 'note', message });
        }
    };

    await checkOutputFolder(job.outputPath);
    emit({ type: 'phase', phase: 'probing' });
    const opened = await openSource(
        supervisor,
        { programs, input: job.input, limits, workDir },
        (line) => emit({ type: 'log', source: 'encoder', line }),
    );
    const { beginning } = opened;
    const input = resolvedInput(completeInput(job.input), beginning);
    if (job.strict === true && beginning.video.bitDepth > 8) {
        throw new EncodeError(
            'INPUT_LOSES_PRECISION',
            `the source has ${beginning.video.bitDepth} bits per sample and kvazaar codes 8`,
        );
    }
    const picture = pictureFormat(beginning.video, job.deinterlace ?? false);
    checkOptions(job.options, picture);
    const known = supervisor.alongside(
        opened.whole.then((source) => {
            if (job.strict === true && source.endsEarly !== undefined) {
                throw damaged(source.endsEarly);
            }
            const streams = planStreams(container, source.streams);
            noteAll([...sourceNotes(source, picture, container), ...streams.notes]);
            return { source, streams };
        }),
    );
    if (opened.isWhole) await known;

    emit({ type: 'phase', phase: 'encoding' });
    const startMs = performance.now();
    const statistics = new FrameStatistics();
    /** All that can be done while kvazaar is still busy with the last frames and the logo. */
    const whenDecoded = async (decoded: DecodedSource, logoFrames: number) => {
        const { source, streams } = await known;
        const timeline = buildTimeline({
            pts: decoded.pts,
            timeBase: decoded.timeBase,
            fps: picture.fps,
            declaredEndSeconds: declaredEnd(source.startSeconds, source.video),
            constantRate: isConstantRate(source.format),
            logoFrames,
        });
        await checkDecoded(supervisor, { programs, input, limits, source, decoded, timeline });
        const packaging: PackageRequest = {
            ...{ programs, input, source, limits, workDir, container },
            ...{ timeline, picture, streams },
            fieldOrder: picture.deinterlaces ? undefined : fieldOrder(decoded),
        };
        return {
            source,
            timeline,
            packaging,
            side: supervisor.alongside(prepareSide(supervisor, packaging)),
        };
    };
    const encoded = await encodeFrames(supervisor, {
        ...{ job, input, picture, statistics, emit, whenDecoded },
        source: beginning,
        whole: opened.whole,
    });
    const encodeSeconds = (performance.now() - startMs) / 1000;
    const { decoded, logoFrames, summary, streamPath, prepared } = encoded;
    const { source, timeline, packaging } = prepared;
    const frames = decoded.pts.length + logoFrames;
    if (statistics.length !== frames || summary.frames !== frames) {
        throw new EncodeError(
            'VERIFICATION_FAILED',
            `kvazaar coded ${statistics.length} of ${frames} frames`,
            { program: 'kvazaar' },
        );
    }
    noteAll([...encoded.notes, ...decodingNotes(decoded, timeline, picture)]);

    emit({ type: 'phase', phase: 'packaging' });
    const signalledPath = await signalColors(
        supervisor,
        programs.ffmpeg,
        streamPath,
        colorsNotInStream(picture),
    );
    const side = await prepared.side;
    const packaged = await packageResult(supervisor, packaging, signalledPath, side);
    noteAll(packaged.streams.notes);
    await verifyResult(supervisor, {
        programs,
        resultPath: packaged.path,
        container,
        timeline,
        streams: packaged.streams,
        workDir,
        decodesAll: job.verify === 'all',
    });
    await checkOutputSize(packaged.path, limits);
    supervisor.throwIfStopped();
    const outputBytes = await publish(packaged.path, job.outputPath);
    return summarize({
        source,
        picture,
        timeline,
        statistics,
        summary,
        logoFrames,
        encodeSeconds,
        sourceWaitSeconds: decoded.waitedSeconds,
        outputBytes,
        audioTracks: packaged.streams.audioTracks,
        notes: [...notes],
    });
}

/** @throws EncodeError ENCODER_REJECTED_OPTIONS when the options do not go with the picture */
function checkOptions(options: KvazaarOptions, { width, height, fps }: PictureFormat): void {
    try {
        checkKvazaarPicture(options, { width, height, fps: toNumber(fps) });
    } catch (error) {
        if (!(error instanceof KvazaarOptionError)) throw error;
        throw new EncodeError('ENCODER_REJECTED_OPTIONS', error.message, { cause: error });
    }
}

/** End of the video on the clock whose zero is the source's start. */
function declaredEnd(
    sourceStartSeconds: number,
    video: { startSeconds: number | undefined; durationSeconds: number | undefined },
): number | undefined {
    if (video.durationSeconds === undefined) return undefined;
    return (video.startSeconds ?? sourceStartSeconds) - sourceStartSeconds + video.durationSeconds;
}
