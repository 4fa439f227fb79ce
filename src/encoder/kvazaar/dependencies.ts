/** Checks between options, before a program is started that would refuse them later. */
import { effectiveValues, tileOption, tileSplit } from './effective.js';
import type { Values } from './effective.js';
import { KvazaarOptionError } from './errors.js';
import { gopOf } from './gop.js';
import { LEVELS } from './levels.js';

/** The error for an option that is right by itself, but not here. */
export function conflict(
    option: string,
    value: string | undefined,
    allowed: string,
    why: string,
): KvazaarOptionError {
    const details = value === undefined ? {} : { value };
    const shown = value === undefined ? option : `${option} ${value}`;
    const message = `${shown}: ${why}`;
    return new KvazaarOptionError('OPTION_CONFLICT', { option, ...details, allowed, message });
}

const INT32_MAX = 2_147_483_647;

/**
 * @param given what the request sets
 * @param used what kvazaar ends up with
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
    const origin = given.has('gop') ? `--gop is ${value}` : `preset ${preset} uses --gop ${value}`;
    throw conflict(
        '--period',
        String(period),
        `0, 1 or a multiple of ${gop.length}`,
        `must be 0, 1 or a multiple of the GOP length, and ${origin}; ` +
            `use --period ${nearest}, or add --gop lp-g4d3t1 or --gop 0`,
    );
};

/** kvazaar multiplies both; when that overflows, the stream has no parameter sets at all. */
const vpsPeriodFitsPeriod: Rule = (_given, used) => {
    const period = Number(used.get('period'));
    const limit = Math.floor(INT32_MAX / Math.max(1, period));
    const value = Number(used.get('vps-period'));
    if (value <= limit) return;
    throw conflict(
        '--vps-period',
        String(value),
        `at most ${limit}`,
        `must be at most ${limit} with --period ${period}`,
    );
};

const highTierNeedsLevel4: Rule = (given, used) => {
    const name = given.has('level') ? 'level' : 'force-level';
    const level = String(used.get(name));
    if (used.get('high-tier') !== true || Number(level) >= 4) return;
    throw conflict(
        '--high-tier',
        undefined,
        'used with level 4 or higher',
        `needs level 4 or higher, not --${name} ${level}`,
    );
};

/** With --level kvazaar refuses a target above the level's limit; otherwise it only warns. */
const bitrateFitsLevel: Rule = (given, used) => {
    const level = given.get('level')?.toString();
    const limits = LEVELS.get(level ?? '');
    if (level === undefined || limits === undefined) return;
    const high = used.get('high-tier') === true;
    const limit = (high ? limits.highTierBitrateBps : undefined) ?? limits.mainTierBitrateBps;
    const bitrate = Number(used.get('bitrate'));
    if (bitrate <= limit) return;
    throw conflict(
        '--bitrate',
        String(bitrate),
        `at most ${limit}`,
        `at most ${limit} in the ${high ? 'high' : 'main'} tier of level ${level}; use a ` +
            `higher --level, or --force-level ${level} to exceed its limits`,
    );
};

const rdpcmNeedsLossless: Rule = (_given, used) => {
    if (used.get('implicit-rdpcm') !== true || used.get('lossless') === true) return;
    throw conflict('--implicit-rdpcm', undefined, 'used with --lossless', 'needs --lossless');
};

const rateControlNeedsBitrate: Rule = (given, used) => {
    const algorithm = given.get('rc-algorithm')?.toString();
    if (algorithm === undefined || Number(used.get('bitrate')) > 0) return;
    throw conflict(
        '--rc-algorithm',
        algorithm,
        'used with --bitrate',
        'needs a target; add --bitrate N (bits per second)',
    );
};

/** kvazaar has tables of rate control for low-delay GOPs of up to four layers only. */
const rateControlNeedsShallowGop: Rule = (_given, used) => {
    const value = String(used.get('gop'));
    if (Number(used.get('bitrate')) === 0 || gopOf(value).depth <= 4) return;
    throw conflict('--gop', value, 'd at most 4', 'with --bitrate, d (depth) must be at most 4');
};

const slicesNeedWavefronts: Rule = (given, used) => {
    const slices = given.get('slices')?.toString();
    if (slices === undefined || slices === 'tiles' || used.get('wpp') === true) return;
    const tiles = tileOption(given);
    const reason = tiles === undefined ? '' : `, which --${tiles} switches off`;
    throw conflict('--slices', slices, 'used with --wpp', `needs --wpp${reason}`);
};

/**
 * kvazaar codes wavefronts in tiles on request, but no profile of HEVC has them, and ffmpeg
 * decodes such a stream to noise without an error (13.7 dB instead of 46.8 in a try with 2x2).
 */
const tilesExcludeWavefronts: Rule = (given, used) => {
    const { columns, rows } = tileSplit(given);
    if (columns === undefined && rows === undefined) return;
    const tiles = tileOption(given) ?? 'tiles';
    if (used.get('wpp') === true) {
        throw conflict(
            '--wpp',
            undefined,
            'used without tiles',
            `cannot be used with --${tiles}; no HEVC profile has both, and players show noise`,
        );
    }
    if (used.get('tmvp') === true) {
        throw conflict(
            '--tmvp',
            undefined,
            'used without tiles',
            `cannot be used with --${tiles}, which kvazaar codes without it`,
        );
    }
};

const RULES: readonly Rule[] = [
    periodFitsGop,
    vpsPeriodFitsPeriod,
    highTierNeedsLevel4,
    bitrateFitsLevel,
    rdpcmNeedsLossless,
    rateControlNeedsBitrate,
    rateControlNeedsShallowGop,
    slicesNeedWavefronts,
    tilesExcludeWavefronts,
];

/**
 * @throws KvazaarOptionError OPTION_CONFLICT when two options, or an option and the preset, do
 *     not go together
 */
export function checkDependencies(preset: string, given: Values): void {
    const used = effectiveValues(preset, given);
    for (const rule of RULES) rule(given, used, preset);
}
