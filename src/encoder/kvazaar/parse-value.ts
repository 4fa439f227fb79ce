/**
 * From what a user typed to a canonical value. Strict: kvazaar's own atoi takes "abc" for 0 and
 * its sscanf ignores what follows a number, so every value is parsed whole, by ASCII patterns,
 * and is written anew from its parts.
 */
import type { OptionValue, ValueKind } from './kinds.js';
import { parseGop } from './gop.js';
import { LEVELS } from './levels.js';

/** kvazaar refuses 48 and more columns or rows. */
const MAX_TILES = 47;

/** GOP layers that --pu-depth-* distinguishes; kvazaar refuses a longer list. */
const MAX_DEPTH_LAYERS = 6;

const CRYPTO_FEATURES = [
    'mvs',
    'mv_signs',
    'trans_coeffs',
    'trans_coeff_signs',
    'intra_pred_modes',
];

/** Decimal, ASCII digits only, at most twelve of them; nothing for anything else. */
function integer(text: string | undefined, min: number, max: number): number | undefined {
    if (text === undefined || !/^-?[0-9]{1,12}$/.test(text)) return undefined;
    const value = Number(text);
    // "-0" is 0.
    return value >= min && value <= max ? value + 0 : undefined;
}

/** Integers separated by one character; nothing unless there are exactly `count`. */
function integers(
    text: string,
    separator: string,
    count: number,
    min: number,
    max: number,
): number[] | undefined {
    const parts = text.split(separator, count + 1);
    if (parts.length !== count) return undefined;
    const values = parts.map((part) => integer(part, min, max));
    return values.every((value) => value !== undefined) ? values : undefined;
}

function joined(values: readonly number[] | undefined, separator: string): string | undefined {
    return values?.join(separator);
}

function parseLevel(text: string): string | undefined {
    // kvazaar also takes 41 for 4.1 and 4.0 for 4.
    const match = /^([1-6])(?:\.?([0-9]))?$/.exec(text);
    if (match === null) return undefined;
    const [, major, minor = '0'] = match;
    const level = minor === '0' ? major : `${major}.${minor}`;
    return level !== undefined && LEVELS.has(level) ? level : undefined;
}

/** "1-3,,2-2": a layer without a range takes that of the first. */
function parseDepths(text: string, min: number, max: number): string | undefined {
    const layers = text.split(',', MAX_DEPTH_LAYERS + 1);
    if (layers.length > MAX_DEPTH_LAYERS) return undefined;
    const ranges: string[] = [];
    for (const [index, layer] of layers.entries()) {
        if (layer === '' && index > 0) {
            ranges.push('');
            continue;
        }
        const [from, to] = integers(layer, '-', 2, min, max) ?? [];
        if (from === undefined || to === undefined || from > to) return undefined;
        ranges.push(`${from}-${to}`);
    }
    const [first] = ranges;
    const spelled = ranges.map((range, index) => (index > 0 && range === first ? '' : range));
    return spelled.join(',').replace(/,+$/, '');
}

function parseTileSplit(text: string): string | undefined {
    if (text.startsWith('u')) {
        const count = integer(text.slice(1), 2, MAX_TILES);
        return count === undefined ? undefined : `u${count}`;
    }
    const edges = text.split(',', MAX_TILES);
    if (edges.length >= MAX_TILES) return undefined;
    const pixels = integers(text, ',', edges.length, 64, 65_536);
    if (pixels === undefined) return undefined;
    let previous = 0;
    for (const pixel of pixels) {
        // Tiles end on the edges of coding tree units, which are 64 pixels wide and high.
        if (pixel <= previous || pixel % 64 !== 0) return undefined;
        previous = pixel;
    }
    return pixels.join(',');
}

function parseCrypto(text: string): string | undefined {
    if (text === 'on' || text === 'off') return text;
    const features = text.split('+', CRYPTO_FEATURES.length + 1);
    if (features.length > CRYPTO_FEATURES.length) return undefined;
    if (!features.every((feature) => CRYPTO_FEATURES.includes(feature))) return undefined;
    const chosen = CRYPTO_FEATURES.filter((feature) => features.includes(feature));
    return chosen.length === CRYPTO_FEATURES.length ? 'on' : chosen.join('+');
}

function parseFrameRate(text: string): string | undefined {
    const [numerator, denominator] = integers(text, '/', 2, 1, 2_147_483_647) ?? [];
    return numerator === undefined || denominator === undefined
        ? undefined
        : `${numerator}/${denominator}`;
}

/**
 * Parses the value of an option.
 *
 * @returns the canonical value, or nothing when the text is not one that the kind allows
 */
export function parseValue(kind: ValueKind, text: string): OptionValue | undefined {
    switch (kind.type) {
        case 'integer':
            return kind.words?.find((word) => word === text) ?? integer(text, kind.min, kind.max);
        case 'choice':
            return kind.values.find((value) => value === text);
        case 'gop':
            return parseGop(text);
        case 'level':
            return parseLevel(text);
        case 'deblock':
            return joined(integers(text, ':', 2, -6, 6), ':');
        case 'depths':
            return parseDepths(text, kind.min, kind.max);
        case 'tiles':
            return joined(integers(text, 'x', 2, 1, MAX_TILES), 'x');
        case 'tile-split':
            return parseTileSplit(text);
        case 'aspect-ratio':
            return joined(integers(text, ':', 2, 1, 65_535), ':');
        case 'crypto':
            return parseCrypto(text);
        case 'key':
            return joined(integers(text, ',', 16, 0, 255), ',');
        case 'resolution':
            return joined(integers(text, 'x', 2, 2, 65_534), 'x');
        case 'frame-rate':
            return parseFrameRate(text);
        case 'flag':
        case 'switch':
        case 'text':
            break;
    }
    return undefined;
}
