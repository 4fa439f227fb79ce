import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listOptions } from '../../../src/encoder/kvazaar/listing.js';
import { parseKvazaarOptions } from '../../../src/encoder/kvazaar/options.js';
import { checkKvazaarPicture } from '../../../src/encoder/kvazaar/picture.js';
import { optionSets } from './arbitraries.js';
import { decode, encode, type Picture } from './program.js';

/** Large enough for 3x2 tiles, and for GOPs of 8 to be complete. */
const PICTURE: Picture = { width: 192, height: 128, count: 10 };

/** Typical and extreme values of the options that take a value, besides all words of choices. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
    qp: ['0', '27', '51'],
    period: ['0', '1', '8', '2147483640'],
    'vps-period': ['0', '1', '33554431'],
    ref: ['1', '15'],
    gop: ['0', '8', '16', 'lp-g4d3t1', 'lp-g8d4t2', 'lp-g1d1t1', 'lp-g32d6t1', 'lp-g6d6t2'],
    'intra-qp-offset': ['-51', '51', 'auto'],
    bitrate: ['0', '1', '200000', '2147483647'],
    level: ['2', '6.2'],
    'force-level': ['1', '6.2'],
    vaq: ['1', '5', '20'],
    deblock: ['-6:6', '6:-6'],
    rd: ['0', '1', '2', '3', '4', '5'],
    'me-steps': ['-1', '0', '4294967295'],
    subme: ['0', '1', '2', '3', '4'],
    'pu-depth-inter': ['0-0', '3-3', '0-3,1-2,,2-3,1-1,0-0'],
    'pu-depth-intra': ['0-0', '4-4', '1-4,2-3'],
    'tr-depth-intra': ['0', '4'],
    'fast-residual-cost': ['0', '51'],
    'max-merge': ['1', '5'],
    tiles: ['1x1', '3x2'],
    'tiles-width-split': ['u3', '64,128'],
    'tiles-height-split': ['u2', '64'],
    sar: ['1:1', '65535:65535'],
    chromaloc: ['0', '5'],
    crypto: ['on', 'mvs+mv_signs', 'intra_pred_modes'],
    key: ['0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,255'],
};

/** What an option needs beside it. */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = {
    'rc-algorithm': ['--bitrate', '200000'],
    'implicit-rdpcm': ['--lossless'],
    key: ['--crypto', 'on'],
};

function typicalUses(): string[][] {
    return listOptions(['allowed']).flatMap(({ name, kind, off }) => {
        const companions = COMPANIONS[name] ?? [];
        const negated = off === undefined ? [] : [[`--no-${name}`]];
        if (kind.type === 'flag' || kind.type === 'switch') {
            return [[...companions, `--${name}`], ...negated];
        }
        const values = kind.type === 'choice' ? kind.values : VALUES[name];
        if (values === undefined) throw new Error(`no typical value of --${name}`);
        return [...values.map((value) => [...companions, `--${name}`, value]), ...negated];
    });
}

/** How an encode ended, and how many frames were coded and decoded. */
async function outcome(argv: readonly string[], picture: Picture) {
    const { exitCode, signal, stdout, stderr } = await encode(argv, picture);
    const coded = stderr.match(/POC/g)?.length;
    return { argv, exitCode, signal, coded, decoded: await decode(stdout) };
}

/** The outcome that is wanted. An encrypted stream decodes as far as its syntax goes, too. */
function success(argv: readonly string[], { count }: Picture) {
    const decoded = { frames: count, complaints: '' };
    return { argv, exitCode: 0, signal: null, coded: count, decoded };
}

describe('every allowed option runs in kvazaar and gives a stream that decodes', () => {
    test.concurrent.each(typicalUses().map((args) => [args.join(' '), args] as const))(
        '%s',
        async (_title, args) => {
            const { argv } = parseKvazaarOptions('ultrafast', args);
            expect(await outcome(argv, PICTURE)).toEqual(success(argv, PICTURE));
        },
    );
});

test('any accepted set of options runs in kvazaar and gives a stream that decodes', async () => {
    const picture = { width: 64, height: 64, count: 2 };
    const fits = (preset: string, args: string[]): void => {
        checkKvazaarPicture(parseKvazaarOptions(preset, args), { ...picture, fps: 25 });
    };
    await fc.assert(
        fc.asyncProperty(optionSets(fits), async ({ preset, args }) => {
            const { argv } = parseKvazaarOptions(preset, args);
            expect(await outcome(argv, picture)).toEqual(success(argv, picture));
        }),
        { numRuns: 40, endOnFailure: true },
    );
}, 120_000);
