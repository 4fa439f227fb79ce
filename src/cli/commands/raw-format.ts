/** What the raw-video options of a command line mean. */
import { KvzError } from '../../protocol/errors.js';
import type { RawFormat } from '../../protocol/messages.js';

export interface RawFlags {
    raw?: boolean;
    inputRes?: string;
    inputFps?: string;
    inputFormat?: string;
}

/** The rates of NTSC heritage as people write them, and what they are. */
const NTSC: Readonly<Record<string, string>> = {
    '23.976': '24000/1001',
    '23.98': '24000/1001',
    '29.97': '30000/1001',
    '47.952': '48000/1001',
    '59.94': '60000/1001',
    '119.88': '120000/1001',
};

/** Frames per second as the wire has them: N or N/D. */
function parseFrameRate(text: string): string | undefined {
    const known = NTSC[text];
    if (known) return known;
    if (/^[1-9]\d{0,8}(\/[1-9]\d{0,8})?$/.test(text)) return text;
    const decimal = /^(\d{1,5})\.(\d{1,3})$/.exec(text);
    if (!decimal) return undefined;
    const digits = decimal[2] ?? '';
    const numerator = Number(`${decimal[1]}${digits}`);
    return numerator > 0 ? `${numerator}/${10 ** digits.length}` : undefined;
}

/**
 * The format of raw video, or undefined when --raw is not given.
 * @throws KvzError USAGE
 */
export function rawFormat(flags: RawFlags): RawFormat | undefined {
    const { raw, inputRes, inputFps = '25', inputFormat = 'yuv420p' } = flags;
    if (!raw) {
        const stray = (
            [
                ['--input-res', inputRes],
                ['--input-fps', flags.inputFps],
                ['--input-format', flags.inputFormat],
            ] as const
        ).find(([, value]) => value !== undefined);
        if (stray) throw new KvzError('USAGE', `${stray[0]} is for raw video: add --raw`);
        return undefined;
    }
    if (inputRes === undefined) {
        throw new KvzError('USAGE', '--raw needs --input-res, such as --input-res 1920x1080');
    }
    const size = /^(\d{1,5})[x×](\d{1,5})$/i.exec(inputRes);
    const width = Number(size?.[1]);
    const height = Number(size?.[2]);
    const inRange = (pixels: number): boolean => pixels >= 2 && pixels <= 16_384;
    if (!inRange(width) || !inRange(height)) {
        throw new KvzError('USAGE', `--input-res ${inputRes}: expected WIDTHxHEIGHT, 2 to 16384`);
    }
    const fps = parseFrameRate(inputFps);
    if (fps === undefined) {
        throw new KvzError('USAGE', `--input-fps ${inputFps}: expected N, N/D or a decimal number`);
    }
    const pixelFormat = inputFormat.toLowerCase();
    if (!/^[a-z0-9]{2,24}$/.test(pixelFormat)) {
        throw new KvzError(
            'USAGE',
            `--input-format ${inputFormat}: expected a pixel format's name`,
        );
    }
    return { width, height, fps, pixelFormat };
}
