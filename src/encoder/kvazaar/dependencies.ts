/** Checks between options, before a program is started that would refuse them later. */
import { KvazaarOptionError } from './errors.js';
import { gopOf } from './gop.js';
import type { OptionValue } from './kinds.js';
import { baseValues } from './normal-form.js';

function conflict(
    option: string,
    value: OptionValue | undefined,
    allowed: string,
    message: string,
): KvazaarOptionError {
    const details = value === undefined ? {} : { value: String(value) };
    return new KvazaarOptionError('OPTION_CONFLICT', { option, ...details, allowed, message });
}

type Values = ReadonlyMap<string, OptionValue>;

/**
 * @param given what the request sets
 * @param used what kvazaar ends up with, the preset and defaults included
 * @param preset for messages
 */
type Rule = (given: Values, used: Values, preset: string) => void;

/** A B-frame pyramid must fit into the intra period a whole number of times. */
const periodFitsGop: Rule = (given, used, preset) => {
    const period = Number(used.get('period'));
    const value = String(used.get('gop'));
    const gop = gopOf(value);
    if (gop.type !== 'pyramid' || period <= 1 || period % gop.length === 0) return;
    const below = period - (period % gop.length);
    const nearest = [below, below + gop.length].filter((candidate) => candidate > 0).join(' or ');
    const origin = given.has('gop') ? `--gop ${value}` : `preset ${preset} uses --gop ${value}`;
    throw conflict(
        '--period',
        period,
        `0, 1 or a multiple of ${gop.length}`,
        `--period ${period}: must be 0, 1 or a multiple of the GOP length, and ${origin}; ` +
            `use --period ${nearest}, or add --gop lp-g4d3t1 or --gop 0`,
    );
};

const highTierNeedsLevel4: Rule = (given, used) => {
    if (given.get('high-tier') !== true) return;
    const name = given.has('level') ? 'level' : 'force-level';
    const level = used.get(name);
    if (Number(level) >= 4) return;
    throw conflict(
        '--high-tier',
        undefined,
        'used with level 4 or higher',
        `--high-tier: needs level 4 or higher, not --${name} ${String(level)}`,
    );
};

const rdpcmNeedsLossless: Rule = (_given, used) => {
    if (used.get('implicit-rdpcm') !== true || used.get('lossless') === true) return;
    throw conflict(
        '--implicit-rdpcm',
        undefined,
        'used with --lossless',
        '--implicit-rdpcm: works only with --lossless; add --lossless',
    );
};

const rateControlNeedsBitrate: Rule = (given, used) => {
    const algorithm = given.get('rc-algorithm');
    if (algorithm === undefined || Number(used.get('bitrate')) > 0) return;
    throw conflict(
        '--rc-algorithm',
        algorithm,
        'used with --bitrate',
        `--rc-algorithm ${String(algorithm)}: needs a target; add --bitrate N (bits per second)`,
    );
};

const TILE_OPTIONS = ['tiles', 'tiles-width-split', 'tiles-height-split'] as const;

const tilesAndWavefronts: Rule = (given) => {
    const tiles = TILE_OPTIONS.find((name) => given.has(name));
    const wpp = tiles === undefined ? given.get('wpp') !== false : given.get('wpp') === true;
    const slices = given.get('slices');
    if (slices !== undefined && slices !== 'tiles' && !wpp) {
        throw conflict(
            '--slices',
            slices,
            'used with --wpp',
            `--slices ${String(slices)}: needs --wpp` +
                (tiles === undefined
                    ? ''
                    : `, which --${tiles} switches off; add --wpp after --${tiles}`),
        );
    }
    if (tiles !== undefined && given.get('tmvp') === true) {
        throw conflict(
            '--tmvp',
            undefined,
            'used without tiles',
            `--tmvp: kvazaar has no temporal motion vector prediction with --${tiles}`,
        );
    }
};

const RULES: readonly Rule[] = [
    periodFitsGop,
    highTierNeedsLevel4,
    rdpcmNeedsLossless,
    rateControlNeedsBitrate,
    tilesAndWavefronts,
];

/**
 * @throws KvazaarOptionError OPTION_CONFLICT when two options, or an option and the preset, do
 *     not go together
 */
export function checkDependencies(preset: string, given: Values): void {
    const used = new Map([...baseValues(preset, given), ...given]);
    for (const rule of RULES) rule(given, used, preset);
}
