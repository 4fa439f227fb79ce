/** What makes two requests the same, and what is wrong with one that can't be served. */
import { createHash } from 'node:crypto';
import type { Settings } from '../../config/settings.js';
import {
    DEFAULT_LOGO_SECONDS,
    describeRawFormat,
    EncodeError,
    findPrograms,
    MissingProgramError,
    type RawDescription,
} from '../../encoder/index.js';
import { KvzError } from '../../protocol/errors.js';
import type { EncodeOptions, FileInfo, RawFormat } from '../../protocol/messages.js';
import { encoderRawFormat, kvazaarOptions } from '../../worker/wire-options.js';

/**
 * The options in a form that is equal for all requests that mean the same.
 * @throws KvzError BAD_OPTIONS
 */
export function normalOptions(options: EncodeOptions): string {
    const { container, logo, strict = false, deinterlace = false, verify = false } = options;
    return JSON.stringify({
        container,
        kvazaar: kvazaarOptions(options).normalForm,
        logo: logo.enabled ? [logo.seconds ?? DEFAULT_LOGO_SECONDS, logo.image ?? ''] : [],
        strict,
        deinterlace,
        verify,
    });
}

/** @throws KvzError BAD_OPTIONS for a format that cannot be read, NOT_READY without ffprobe */
async function describeRaw(raw: RawFormat): Promise<RawDescription> {
    try {
        const { ffprobe } = findPrograms();
        return await describeRawFormat(ffprobe, encoderRawFormat(raw));
    } catch (error) {
        if (error instanceof EncodeError) throw new KvzError('BAD_OPTIONS', error.message);
        // Raw video needs ffprobe to be judged.
        if (error instanceof MissingProgramError) throw new KvzError('NOT_READY', error.message);
        throw error;
    }
}

async function rawNormal(raw: RawFormat): Promise<string> {
    const { width, height, fps } = encoderRawFormat(raw);
    const { name, swapsChroma } = await describeRaw(raw);
    return JSON.stringify([width, height, fps.num / fps.den, name, swapsChroma]);
}

/**
 * A digest that is equal for all requests for the same file that mean the same; SHA-256, hex.
 * @throws KvzError BAD_OPTIONS; NOT_READY without ffprobe, for raw video
 */
export async function requestKey(file: FileInfo, options: EncodeOptions): Promise<string> {
    const parts = [file.id, file.raw ? await rawNormal(file.raw) : '', normalOptions(options)];
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** Checks what can be known of raw video before its file is. @throws KvzError BAD_OPTIONS, NOT_READY */
export async function checkRawFormat(raw: RawFormat): Promise<void> {
    await describeRaw(raw);
}

/**
 * Checks a file against the limits.
 * @returns the pixels of all frames of raw video; a container does not tell yet
 * @throws KvzError FILE_EMPTY, FILE_TOO_LARGE saying which limit it is over; for raw video
 *     RAW_SIZE_MISMATCH, BAD_OPTIONS, NOT_READY, too
 */
export async function checkFile(file: FileInfo, settings: Settings): Promise<number | undefined> {
    const limit = file.kind === 'raw' ? settings.rawBytes : settings.containerBytes;
    if (file.size === 0) throw new KvzError('FILE_EMPTY', `${file.name} is empty`);
    if (file.size > limit) {
        throw new KvzError(
            'FILE_TOO_LARGE',
            `${file.name} has ${file.size} bytes; the limit for ${file.kind} video is ${limit}`,
        );
    }
    if (!file.raw) return undefined;
    const { width, height } = file.raw;
    const { frameBytes, name } = await describeRaw(file.raw);
    if (file.size % frameBytes !== 0) {
        throw new KvzError(
            'RAW_SIZE_MISMATCH',
            `${file.name} has ${file.size} bytes, which is no whole number of ` +
                `${width}x${height} ${name} frames of ${frameBytes} bytes`,
        );
    }
    return (file.size / frameBytes) * width * height;
}
