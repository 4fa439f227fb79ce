/** kvazaar's presets, as the program itself prints them ("Using preset …: --rd=0 …"). */
import type { OptionValue } from './kinds.js';

export const PRESET_NAMES = [
    'ultrafast',
    'superfast',
    'veryfast',
    'faster',
    'fast',
    'medium',
    'slow',
    'slower',
    'veryslow',
    'placebo',
] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

type PresetSettings = Readonly<Record<string, OptionValue>>;

/** What every preset sets, so that the table below holds only what makes them differ. */
const COMMON: PresetSettings = {
    bipred: true,
    deblock: '0:0',
    'rdoq-skip': false,
    'full-intra-search': false,
    'intra-rdo-et': false,
    'max-merge': 5,
};

const FASTEST: PresetSettings = {
    ...COMMON,
    rd: 0,
    'pu-depth-intra': '2-3',
    'pu-depth-inter': '1-2',
    me: 'hexbs',
    gop: '8',
    ref: 1,
    signhide: false,
    subme: 0,
    sao: 'off',
    rdoq: false,
    'transform-skip': false,
    'mv-rdo': false,
    smp: false,
    amp: false,
    'cu-split-termination': 'zero',
    'me-early-termination': 'sensitive',
    'early-skip': true,
    'fast-residual-cost': 28,
};

const SUPERFAST: PresetSettings = { ...FASTEST, subme: 2, sao: 'full' };
const VERYFAST: PresetSettings = { ...SUPERFAST, 'pu-depth-inter': '1-3' };
const FASTER: PresetSettings = { ...VERYFAST, subme: 4, 'fast-residual-cost': 0 };
const FAST: PresetSettings = { ...FASTER, 'pu-depth-intra': '1-3', ref: 2 };
const MEDIUM: PresetSettings = {
    ...FAST,
    'pu-depth-intra': '1-4',
    'pu-depth-inter': '0-3',
    gop: '16',
    ref: 4,
    rdoq: true,
    'me-early-termination': 'on',
};
const SLOW: PresetSettings = { ...MEDIUM, rd: 1 };
const SLOWER: PresetSettings = { ...SLOW, rd: 2, signhide: true, 'me-early-termination': 'off' };
const VERYSLOW: PresetSettings = {
    ...SLOWER,
    rd: 3,
    me: 'tz',
    'transform-skip': true,
    smp: true,
};
const PLACEBO: PresetSettings = {
    ...VERYSLOW,
    'mv-rdo': true,
    amp: true,
    'cu-split-termination': 'off',
    'early-skip': false,
};

/** What each preset sets, by option name. A test compares it with what the program prints. */
export const PRESETS: ReadonlyMap<string, PresetSettings> = new Map<PresetName, PresetSettings>([
    ['ultrafast', FASTEST],
    ['superfast', SUPERFAST],
    ['veryfast', VERYFAST],
    ['faster', FASTER],
    ['fast', FAST],
    ['medium', MEDIUM],
    ['slow', SLOW],
    ['slower', SLOWER],
    ['veryslow', VERYSLOW],
    ['placebo', PLACEBO],
]);
