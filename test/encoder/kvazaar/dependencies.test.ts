import { describe, expect, test } from 'vitest';
import { parseKvazaarOptions } from '../../../src/encoder/kvazaar/options.js';
import { checkKvazaarPicture } from '../../../src/encoder/kvazaar/picture.js';
import { encode } from './program.js';

/** What kvazaar itself makes of the same arguments, for 320x192 at 25 frames per second. */
async function exitCodeOfKvazaar(preset: string, args: readonly string[]): Promise<number | null> {
    const picture = { width: 320, height: 192, count: 1 };
    return (await encode(['--preset', preset, ...args], picture)).exitCode;
}

const check = (preset: string, args: readonly string[]): void => {
    const options = parseKvazaarOptions(preset, args);
    checkKvazaarPicture(options, { width: 320, height: 192, fps: 25 });
};

describe('refused here, and by kvazaar', () => {
    test.each([
        ['medium', '--period 10', /^--period 10: .*preset medium uses --gop 16; use --period 16,/],
        ['ultrafast', '--period 20', /multiple of .*--gop 8; use --period 16 or 24, or add --gop/],
        ['ultrafast', '--gop 16', undefined],
        ['medium', '--gop 16 --period 24', /--gop is 16; use --period 16 or 32/],
        ['medium', '--level 3.1 --high-tier', /^--high-tier: needs level 4 or higher/],
        ['medium', '--force-level 2 --high-tier', /not --force-level 2$/],
        ['medium', '--level 2 --bitrate 1500001', /at most 1500000 in the main tier of level 2/],
        ['medium', '--level 4 --high-tier --bitrate 30000001', /30000000 in the high tier/],
        ['medium', '--implicit-rdpcm', /^--implicit-rdpcm: needs --lossless$/],
        ['medium', '--rc-algorithm oba', /add --bitrate N/],
        ['medium', '--bitrate 9000 --gop lp-g8d5t1', /with --bitrate, d \(depth\) must be at most/],
        ['medium', '--no-wpp --slices wpp', /^--slices wpp: needs --wpp$/],
        ['medium', '--tiles 2x2 --slices tiles+wpp', /needs --wpp, which --tiles switches off/],
        ['medium', '--tiles 6x1', /^--tiles 6x1: a width of 320 pixels has room for at most 5/],
        ['medium', '--tiles-height-split u4', /^--tiles-height-split u4: a height of 192 pixels/],
        ['medium', '--tiles-width-split 64,320', /must stay below the width of 320 pixels$/],
        ['medium', '--level 1', /^--level 1: 320x192 has more than the 36864 pixels allowed/],
    ] as const)('%s %s', async (preset, text, message) => {
        const args = text.split(' ');
        if (message === undefined) {
            expect(() => check(preset, args)).not.toThrow();
            expect(await exitCodeOfKvazaar(preset, args)).toBe(0);
            return;
        }
        expect(() => check(preset, args)).toThrow(
            expect.objectContaining({
                code: 'OPTION_CONFLICT',
                message: expect.stringMatching(message),
            }),
        );
        expect(await exitCodeOfKvazaar(preset, args)).toBe(1);
    });
});

describe('accepted here, and by kvazaar', () => {
    test.each([
        ['medium', '--period 0'],
        ['medium', '--period 1'],
        ['medium', '--period 10 --gop 0'],
        ['medium', '--period 10 --gop lp-g4d3t1'],
        ['ultrafast', '--period 40'],
        ['medium', '--level 4 --high-tier --bitrate 30000000'],
        ['medium', '--force-level 2 --bitrate 1500001'],
        ['medium', '--level 2 --bitrate 1500000'],
        ['medium', '--lossless --implicit-rdpcm'],
        ['medium', '--bitrate 9000 --gop lp-g8d4t2'],
        ['medium', '--tiles 5x3 --slices tiles'],
        ['medium', '--tiles-width-split 64,256 --tiles-height-split 128'],
        ['medium', '--wpp --slices tiles+wpp'],
    ])('%s %s', async (preset, text) => {
        const args = text.split(' ');
        expect(() => check(preset, args)).not.toThrow();
        expect(await exitCodeOfKvazaar(preset, args)).toBe(0);
    });
});

test('parameter sets are never so rare that there are none', () => {
    expect(() => parseKvazaarOptions('medium', ['--vps-period', '33554432'])).toThrow(
        /^--vps-period 33554432: must be at most 33554431 with --period 64$/,
    );
    const args = ['--vps-period', '2147483647', '--period', '0'];
    expect(parseKvazaarOptions('medium', args).values.get('vps-period')).toBe(2_147_483_647);
});

test('tiles with wavefronts are refused although kvazaar codes them', () => {
    expect(() => parseKvazaarOptions('medium', ['--tiles', '2x2', '--wpp'])).toThrow(
        /^--wpp: cannot be used with --tiles; /,
    );
    expect(() => parseKvazaarOptions('medium', ['--tiles-width-split', 'u2', '--tmvp'])).toThrow(
        /^--tmvp: cannot be used with --tiles-width-split/,
    );
    // A single tile is none.
    expect(parseKvazaarOptions('medium', ['--tiles', '1x1', '--wpp']).values.get('wpp')).toBe(true);
});

test('level limits: side and rate', () => {
    const options = parseKvazaarOptions('medium', ['--level', '2']);
    const picture = { width: 352, height: 288, fps: 30 };
    expect(() => checkKvazaarPicture(options, picture)).not.toThrow();
    expect(() => checkKvazaarPicture(options, { ...picture, fps: 60 })).toThrow(
        /^--level 2: 352x288 at 60 frames per second has more than the 3686400 pixels per second/,
    );
    expect(() => checkKvazaarPicture(options, { width: 1024, height: 64, fps: 1 })).toThrow(
        /^--level 2: 1024x64 is longer than the 991 pixels allowed/,
    );
});
