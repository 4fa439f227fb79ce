/** Checks of options that only a known picture makes possible: tiles and levels. */
import { conflict } from './dependencies.js';
import { tileOption, tileSplit } from './effective.js';
import { LEVELS } from './levels.js';
import type { KvazaarOptions } from './options.js';

/** Width and height of a coding tree unit of kvazaar, in pixels. */
const CTU_PIXELS = 64;

/** What kvazaar is going to be given. */
export interface Picture {
    /** Pixels, as in --input-res, padding included. */
    readonly width: number;
    readonly height: number;
    /** Frames per second, as in --input-fps. */
    readonly fps: number;
}

function checkSplit(
    options: KvazaarOptions,
    split: string | undefined,
    pixels: number,
    side: { option: string; tiles: string; name: string },
): void {
    if (split === undefined) return;
    const direct = options.values.has(side.option);
    const option = direct ? side.option : (tileOption(options.values) ?? side.option);
    const value = options.values.get(option)?.toString();
    const units = Math.ceil(pixels / CTU_PIXELS);
    if (split.startsWith('u') && Number(split.slice(1)) > units) {
        throw conflict(
            `--${option}`,
            value,
            `at most ${units} ${side.tiles}`,
            `a ${side.name} of ${pixels} pixels has room for at most ${units} ${side.tiles} ` +
                `of ${CTU_PIXELS} pixels`,
        );
    }
    const last = Number(split.split(',').at(-1));
    if (last >= pixels) {
        throw conflict(
            `--${option}`,
            value,
            `below ${pixels}`,
            `must stay below the ${side.name} of ${pixels} pixels`,
        );
    }
}

function checkLevel(options: KvazaarOptions, { width, height, fps }: Picture): void {
    const level = options.values.get('level')?.toString();
    const limits = LEVELS.get(level ?? '');
    if (level === undefined || limits === undefined) return;
    const exceeded = (what: string): Error =>
        conflict(
            '--level',
            level,
            'a level that the picture fits',
            `${what}; use a higher level, or --force-level ${level} to exceed its limits`,
        );
    const samples = width * height;
    if (samples > limits.pictureSamples) {
        throw exceeded(
            `${width}x${height} has more than the ${limits.pictureSamples} pixels allowed`,
        );
    }
    // Neither side may exceed the square root of eight times the samples (H.265, A.4.1).
    const longest = Math.floor(Math.sqrt(8 * limits.pictureSamples));
    if (Math.max(width, height) > longest) {
        throw exceeded(`${width}x${height} is longer than the ${longest} pixels allowed`);
    }
    // kvazaar drops the fraction of the rate.
    if (samples * Math.floor(fps) > limits.samplesPerSecond) {
        throw exceeded(
            `${width}x${height} at ${fps} frames per second has more than the ` +
                `${limits.samplesPerSecond} pixels per second allowed`,
        );
    }
}

/**
 * Checks options against the picture, which is known once the source has been probed.
 *
 * @throws KvazaarOptionError OPTION_CONFLICT when there are more tiles than the picture has room
 *     for, or when it exceeds the limits of --level (--force-level has none)
 */
export function checkKvazaarPicture(options: KvazaarOptions, picture: Picture): void {
    const { columns, rows } = tileSplit(options.values);
    checkSplit(options, columns, picture.width, {
        option: 'tiles-width-split',
        tiles: 'columns',
        name: 'width',
    });
    checkSplit(options, rows, picture.height, {
        option: 'tiles-height-split',
        tiles: 'rows',
        name: 'height',
    });
    checkLevel(options, picture);
}
