import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../../src/encoder/kvazaar/catalogue.js';
import { baseValues } from '../../../src/encoder/kvazaar/effective.js';
import { parseKvazaarOptions, withDefaults } from '../../../src/encoder/kvazaar/options.js';
import { PRESET_NAMES } from '../../../src/encoder/kvazaar/presets.js';
import { optionSets } from './arbitraries.js';
import { encode } from './program.js';

const formOf = (text: string, preset = 'medium'): string =>
    parseKvazaarOptions(preset, text === '' ? [] : text.split(' ')).normalForm;

/** Pairs that configure kvazaar equally. */
const EQUAL: readonly [string, string][] = [
    ['--qp 27', '-q27'],
    ['--qp 27', '--qp=027'],
    ['--qp 27 --no-rdoq', '--no-rdoq --qp 27'],
    ['--qp 5 --qp 27', '--qp 27'],
    ['--qp 22', ''],
    ['--bitrate 0', ''],
    ['--gop 16', ''],
    ['--gop 16 --no-intra-bits --clip-neighbour', ''],
    ['--intra-bits --gop 16', ''],
    ['--gop lp-g8d3t1', '--gop lp-g8d3t1 --intra-bits --no-clip-neighbour'],
    ['--bitrate 90000', '--bitrate 90000 --rc-algorithm lambda'],
    ['--tiles 2x3', '--tiles-height-split u3 --tiles-width-split u2'],
    ['--tiles 2x3', '--tiles 2x3 --no-wpp --no-tmvp'],
    ['--tiles 2x3 --tiles-width-split 64', '--tiles-width-split 64 --tiles-height-split u3'],
    ['--tiles-width-split 64 --tiles 2x3', '--tiles 2x3'],
    ['--wpp --tiles 2x1', '--tiles 2x1'],
    ['--tiles 1x1', '--no-wpp --no-tmvp'],
    ['--tiles 1x1 --wpp --tmvp', ''],
    ['--force-level 6.2', ''],
    ['--force-level 4 --level 5', '--level 50'],
    ['--no-sao', '--sao off'],
    ['--no-vaq', ''],
    ['--pu-depth-inter 1-2,1-2', '--pu-depth-inter 1-2'],
    ['--key 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16', ''],
    ['--crypto on', '--crypto mvs+mv_signs+trans_coeffs+trans_coeff_signs+intra_pred_modes'],
    ['--crypto on', '--crypto on --key 16,213,27,56,255,127,242,112,97,126,197,204,25,59,38,30'],
];

describe('equal requests have one normal form, and kvazaar codes them to the same bytes', () => {
    test.each(EQUAL)('%j = %j', async (one, other) => {
        expect(formOf(one)).toBe(formOf(other));
        const picture = { width: 128, height: 192, count: 3 };
        const [first, second] = await Promise.all(
            [one, other].map(async (text) => {
                const { argv } = parseKvazaarOptions('medium', text === '' ? [] : text.split(' '));
                return encode(argv, picture);
            }),
        );
        expect(first?.exitCode).toBe(0);
        expect(first?.stdout.length).toBeGreaterThan(100);
        expect(first?.stdout.equals(second?.stdout ?? Buffer.alloc(0))).toBe(true);
    });
});

test.each([
    ['--qp 27', '--qp 28'],
    ['--level 6.2', ''],
    ['--no-psnr', ''],
    ['--tiles 2x2', '--tiles 2x3'],
    ['--tiles 2x2', ''],
    ['--no-wpp', ''],
    ['--gop 8', ''],
    ['--intra-bits', ''],
    ['--deblock 1:0', '--deblock 0:1'],
    ['--no-deblock', ''],
    ['--crypto on', '--crypto mvs'],
    ['--crypto on', '--crypto on --key 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16'],
])('%j and %j differ', (one, other) => {
    expect(formOf(one)).not.toBe(formOf(other));
});

test('the preset is part of it, and its values are left out', () => {
    expect(formOf('--qp 27 --no-psnr')).toBe('medium psnr=false qp=27');
    expect(formOf('', 'fast')).toBe('fast');
    expect(formOf('--ref 4 --rd 0')).toBe('medium');
    expect(formOf('--ref 4 --rd 0', 'ultrafast')).toBe('ultrafast ref=4');
});

/** Everything that a preset leads to, said aloud. */
function everythingSaid(preset: string): string[] {
    const said: string[] = [];
    const base = baseValues(preset);
    for (const { name, class: optionClass, kind, off } of CATALOGUE) {
        const value = base.get(name);
        if (optionClass !== 'allowed' || value === undefined) continue;
        if (value === true) said.push(`--${name}`);
        else if (kind.type === 'flag') continue;
        else if (value === off) said.push(`--no-${name}`);
        else said.push(`--${name}=${String(value)}`);
    }
    return said;
}

test.each(PRESET_NAMES)('preset %s: saying all its values changes nothing', async (preset) => {
    const plain = parseKvazaarOptions(preset);
    const said = parseKvazaarOptions(preset, everythingSaid(preset));
    expect(said.values.size).toBeGreaterThan(60);
    expect(said.normalForm).toBe(plain.normalForm);
    const picture = { width: 128, height: 128, count: 3 };
    const [one, other] = await Promise.all([
        encode(plain.argv, picture),
        encode(said.argv, picture),
    ]);
    expect(one.exitCode).toBe(0);
    expect(other.exitCode).toBe(0);
    expect(one.stdout.equals(other.stdout)).toBe(true);
});

test('the normal form is a fixed point of argv, and does not depend on spelling', () => {
    fc.assert(
        fc.property(optionSets(), ({ preset, args }) => {
            const options = parseKvazaarOptions(preset, args);
            const again = parseKvazaarOptions(preset, options.argv.slice(2));
            expect(again.argv).toEqual(options.argv);
            expect(again.normalForm).toBe(options.normalForm);
            expect(withDefaults(options, {}).normalForm).toBe(options.normalForm);
            expect(options.normalForm).toMatch(/^[\x20-\x7e]+$/);
        }),
        { numRuns: 500 },
    );
});
