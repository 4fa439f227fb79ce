/** The closing segment: the last picture fades to black while the logo appears in front of it. */
import { access } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { packageFile } from '../package-file.js';
import { BrokenPipeError, isBrokenPipe } from './broken-pipe.js';
import { imageInput } from './decode.js';
import type { LastPictureAttempt } from './decode.js';
import { EncodeError } from './errors.js';
import { DEFAULT_LOGO_SECONDS, type LogoOptions, type Rational } from './job.js';
import { pictureFilters, scalerMatrix } from './picture.js';
import type { PictureFormat } from './picture.js';
import type { ProcessExit } from './process.js';
import { exitError } from './process.js';
import { parseShowinfo } from './showinfo.js';
import type { VideoInfo } from './source-info.js';
import type { Supervisor } from './supervisor.js';

const MAX_LOGO_SECONDS = 60;

/** The project's own closing logo, transparent around the drawing. */
export const DEFAULT_LOGO_PATH = fileURLToPath(packageFile('assets/closing-logo.png'));

/** Frames that the logo takes: at least one where it is wanted at all. */
export function logoFrameCount(logo: LogoOptions, fps: Rational): number {
    if (!logo.enabled) return 0;
    const seconds = Math.min(logo.seconds ?? DEFAULT_LOGO_SECONDS, MAX_LOGO_SECONDS);
    return seconds > 0 ? Math.max(1, Math.round((seconds * fps.num) / fps.den)) : 0;
}

export interface LogoRequest {
    ffmpeg: string;
    /** Image file. */
    logoPath: string;
    frames: number;
    video: VideoInfo;
    picture: PictureFormat;
    maxPixels: number;
    /** Ways to the source's last picture, to be tried in this order. */
    lastPicture: readonly LastPictureAttempt[];
    /** Path of the source. */
    inputPath: string;
}

/**
 * Writes exactly `frames` frames into `output`, which stays open.
 * @returns whether the fade starts from the source's last picture; false: from black
 * @throws EncodeError LOGO_UNUSABLE, or the reason for which the job was stopped
 */
export async function produceLogo(
    supervisor: Supervisor,
    request: LogoRequest,
    output: Writable,
): Promise<{ fromLastPicture: boolean }> {
    await access(request.logoPath).catch((cause: unknown) => {
        throw new EncodeError('LOGO_UNUSABLE', 'the logo image cannot be read', {
            cause,
        });
    });
    for (const attempt of [...request.lastPicture, undefined]) {
        const { exit, frames } = await runLogo(supervisor, request, attempt, output);
        if (exit.exitCode === 0 && frames === request.frames) {
            return { fromLastPicture: attempt !== undefined };
        }
        if (isBrokenPipe(exit)) throw new BrokenPipeError(exit);
        // Only while nothing is written yet can another way be tried.
        if (frames > 0 || attempt === undefined) {
            throw exitError('LOGO_UNUSABLE', 'the closing logo could not be made', exit);
        }
    }
    throw new EncodeError('LOGO_UNUSABLE', 'the closing logo could not be made');
}

async function runLogo(
    supervisor: Supervisor,
    request: LogoRequest,
    attempt: LastPictureAttempt | undefined,
    output: Writable,
): Promise<{ exit: ProcessExit; frames: number }> {
    let frames = 0;
    const exit = await supervisor.run({
        program: 'ffmpeg',
        path: request.ffmpeg,
        args: [
            ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+info'],
            ...(attempt?.input ?? blackPicture(request.picture)),
            ...imageInput(request.logoPath, request.maxPixels),
            ...['-filter_complex', logoGraph(request, attempt)],
            ...['-map', '[out]', '-an', '-sn', '-dn', '-frames:v', String(request.frames)],
            ...['-fps_mode', 'passthrough', '-f', 'rawvideo', 'pipe:1'],
        ],
        stdout: output,
        reads: [request.inputPath, request.logoPath],
        onLine(line) {
            const info = parseShowinfo(line);
            if (info?.type === 'frame') {
                frames += 1;
                supervisor.touch();
            }
            return info !== undefined;
        },
    });
    return { exit, frames };
}

function blackPicture({ width, height }: PictureFormat): string[] {
    return ['-f', 'lavfi', '-i', `color=black:size=${width}x${height}:rate=1:duration=1`];
}

/** The drawing fills at most this part of the picture's width and height. */
const LOGO_WIDTH_SHARE = 0.6;
const LOGO_HEIGHT_SHARE = 0.5;

/** Shares of the logo's frames: the picture is gone, the logo starts, the logo is there. */
const FADE_OUT_END = 0.5;
const FADE_IN_START = 0.15;
const FADE_IN_END = 0.6;

function logoGraph(request: LogoRequest, attempt: LastPictureAttempt | undefined): string {
    const { frames, video, picture } = request;
    const { width, height, fps, range, sampleAspectRatio: sar } = picture;
    const matrix = scalerMatrix(picture.color.matrix);
    const fadeOut = Math.max(1, Math.round(frames * FADE_OUT_END));
    const fadeInStart = Math.round(frames * FADE_IN_START);
    const fadeIn = Math.max(1, Math.round(frames * FADE_IN_END) - fadeInStart);
    // The one picture is shown again for each further frame, numbered at the nominal rate.
    const repeat = `loop=loop=${frames - 1}:size=1:start=0,settb=${fps.den}/${fps.num},setpts=N`;
    // Fitted into a box of the picture, and narrowed where pixels are not square.
    const boxWidth = Math.max(1, Math.floor(width * LOGO_WIDTH_SHARE));
    const boxHeight = Math.max(1, Math.floor(height * LOGO_HEIGHT_SHARE));
    const pixelShape = sar.num / sar.den;
    const fittedWidth = `max(1,trunc(min(${boxWidth},${boxHeight}*dar/${pixelShape})))`;
    const fittedHeight = `max(1,min(${boxHeight},round(ow*${pixelShape}/dar)))`;
    const background = attempt
        ? `[0:${video.index}]trim=start=${attempt.leadSeconds.toFixed(6)},` +
          `${pictureFilters(video, { ...picture, deinterlaces: false }).join(',')},`
        : '[0:v]';
    return [
        `${background}trim=end_frame=1,scale=in_range=${range}:in_color_matrix=${matrix}:out_range=pc,` +
            `format=gbrp,${repeat},fade=t=out:start_frame=0:nb_frames=${fadeOut}[back]`,
        `[1:v]trim=end_frame=1,format=rgba,` +
            `scale=w='${fittedWidth}':h='${fittedHeight}':flags=area,format=gbrap,${repeat},` +
            `fade=t=in:alpha=1:start_frame=${fadeInStart}:nb_frames=${fadeIn}[front]`,
        `[back][front]overlay=x=(W-w)/2:y=(H-h)/2:format=gbrp:eof_action=repeat,` +
            `scale=${width}:${height}:out_range=${range}:out_color_matrix=${matrix},` +
            `format=yuv420p,showinfo=checksum=0[out]`,
    ].join(';');
}
