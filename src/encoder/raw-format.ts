/** Raw video: the names of pixel formats that people use, and sizes and rates that make sense. */
import { suggest } from '../suggest.js';
import { EncodeError } from './errors.js';
import type { RawFormat } from './job.js';
import type { PixelFormat } from './pixel-formats.js';

/** Other names of ffmpeg's pixel formats, in lower case. */
const ALIASES: Readonly<Record<string, string>> = {
    iyuv: 'yuv420p',
    p420: 'yuv420p',
    yu12: 'yuv420p',
    p400: 'gray',
    y8: 'gray',
    y800: 'gray',
    grey: 'gray',
    gray8: 'gray',
    grey8: 'gray',
    yuy2: 'yuyv422',
    yuyv: 'yuyv422',
    uyvy: 'uyvy422',
    rgb: 'rgb24',
    bgr: 'bgr24',
};

/** Formats whose chroma planes come as V, U: ffmpeg has no name for them. */
const SWAPPED: Readonly<Record<string, string>> = {
    yv12: 'yuv420p',
    yv16: 'yuv422p',
    yv24: 'yuv444p',
};

export interface ResolvedPixelFormat {
    /** ffmpeg's name. */
    name: string;
    /** Whether V comes before U. */
    swapsChroma: boolean;
}

/**
 * Finds ffmpeg's name for what a person wrote: `I420`, `yv12`, `420p10`, `yuv420p10` …
 * Deep formats without an ending are little endian.
 * @param known ffmpeg's formats by their names
 * @throws EncodeError RAW_FORMAT_UNKNOWN when no known format is meant, or one that ffmpeg can only
 * write
 */
export function resolvePixelFormat(
    written: string,
    known: ReadonlyMap<string, Pick<PixelFormat, 'isConvertible'>>,
): ResolvedPixelFormat {
    const lower = written.trim().toLowerCase();
    const swapped = SWAPPED[lower];
    if (swapped !== undefined) return { name: swapped, swapsChroma: true };
    const name = ALIASES[lower] ?? lower;
    const candidates = [name, `${name}le`, ...planarNames(name)];
    const match = candidates.find((candidate) => known.has(candidate));
    if (match === undefined) {
        const near = suggest(name, known.keys());
        const guess = near === undefined ? '' : `; did you mean ${near}?`;
        throw new EncodeError(
            'RAW_FORMAT_UNKNOWN',
            `"${written.slice(0, 40)}" is no pixel format that is known here${guess}`,
            { hint: 'Use a name from "ffmpeg -pix_fmts", e.g. yuv420p, yuv420p10le, nv12.' },
        );
    }
    if (known.get(match)?.isConvertible !== true) {
        throw new EncodeError(
            'RAW_FORMAT_UNKNOWN',
            `ffmpeg knows ${match}, but cannot convert it to what kvazaar codes`,
            { hint: 'Write the video in another format, e.g. yuv420p, rgb24, gray.' },
        );
    }
    return { name: match, swapsChroma: false };
}

/** `420`, `i420`, `yuv420`, `420p10`, `400p8` … as ffmpeg would write it. */
function planarNames(name: string): string[] {
    const match = /^(?:i|yuv)?(4\d{2})p?(\d{1,2})?(le|be)?$/.exec(name);
    if (!match) return [];
    const [, sampling = '', depth = '8', order = 'le'] = match;
    const base = sampling === '400' ? 'gray' : `yuv${sampling}p`;
    return [depth === '8' ? base : `${base}${depth}${order}`];
}

/** @throws EncodeError RAW_FORMAT_UNKNOWN when size or rate make no sense */
export function checkRawFormat({ width, height, fps }: RawFormat): void {
    const usable = [width, height, fps.num, fps.den].every(
        (value) => Number.isSafeInteger(value) && value > 0 && value < 2 ** 31,
    );
    if (!usable) {
        throw new EncodeError(
            'RAW_FORMAT_UNKNOWN',
            `raw video needs a size and a rate of positive integers, ` +
                `not ${width}x${height} at ${fps.num}/${fps.den} fps`,
        );
    }
}
