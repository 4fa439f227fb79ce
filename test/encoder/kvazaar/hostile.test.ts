import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CATALOGUE, LONG_FORMS } from '../../../src/encoder/kvazaar/catalogue.js';
import {
    KvazaarOptionError,
    parseKvazaarOptions,
    type KvazaarOptions,
} from '../../../src/encoder/kvazaar/options.js';
import { optionSets } from './arbitraries.js';

const ALLOWED = new Set(
    CATALOGUE.filter((definition) => definition.class === 'allowed').flatMap(({ name, off }) => [
        `--${name}`,
        ...(off === undefined ? [] : [`--no-${name}`]),
    ]),
);

/** Options, or an error; the error's message must be fit to be shown. */
function parse(args: readonly string[], preset = 'medium'): KvazaarOptions | undefined {
    try {
        return parseKvazaarOptions(preset, args);
    } catch (error) {
        if (!(error instanceof KvazaarOptionError)) throw error;
        expect(error.message).toMatch(/^[\x20-\x7e]{1,600}$/);
        return undefined;
    }
}

/** Arguments for kvazaar that are neither the name of an allowed option nor a plain value. */
function strangers(options: KvazaarOptions | undefined): string[] {
    if (options === undefined) return [];
    const [flag, preset, ...rest] = options.argv;
    const start = flag === '--preset' && preset === options.preset ? [] : [`${flag} ${preset}`];
    const others = rest.filter((argument) =>
        argument.startsWith('--')
            ? !ALLOWED.has(argument)
            : !/^-?[A-Za-z0-9][A-Za-z0-9_.,:x+-]*$/.test(argument),
    );
    return [...start, ...others];
}

const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.constantFrom(
        ...['../../etc/passwd', '/dev/full', '$(id)', '; rm x', '%s%n', '-', '--', '', ' 27'],
        ...['27 ', '٢٧', '２７', '1e1', '0x1b', '27\0', '27\n', '+27', '--27', 'NaN', 'Infinity'],
        ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '9'.repeat(400)],
        ...['u2', '64', '2x2', '8', 'auto', 'on', 'custom', 'lp-g8d4t2x', '0:0', '1-2,', ','],
    ),
);

const head = fc.oneof(
    nasty,
    fc.constantFrom(...[...LONG_FORMS.keys()].map((name) => `--${name}`)),
    fc
        .tuple(fc.constantFrom(...LONG_FORMS.keys()), fc.nat(6))
        .map(([name, length]) => `--${name.slice(0, length)}`),
    fc.integer({ min: 0x61, max: 0x7a }).map((code) => `-${String.fromCharCode(code)}`),
);

const hostileArguments = fc.array(
    fc.oneof(
        fc.tuple(head, nasty).map(([name, value]) => [`${name}=${value}`]),
        fc.tuple(head, nasty).map(([name, value]) => [`${name}${value}`]),
        fc.tuple(head, nasty),
        head.map((name) => [name]),
    ),
    { maxLength: 4 },
);

describe('hostile arguments', () => {
    test('end in an error of one line, or in harmless options', () => {
        fc.assert(
            fc.property(hostileArguments, (parts) => {
                expect(strangers(parse(parts.flat()))).toEqual([]);
            }),
            { numRuns: 3000 },
        );
    });

    test('hidden between good ones do not get through', () => {
        fc.assert(
            fc.property(optionSets(), nasty, fc.nat(20), ({ preset, args }, text, at) => {
                const hidden = [...args.slice(0, at), text, ...args.slice(at)];
                expect(strangers(parse(hidden, preset))).toEqual([]);
            }),
            { numRuns: 500 },
        );
    });

    test('as the value of each option change nothing but that value', () => {
        fc.assert(
            fc.property(fc.constantFrom(...LONG_FORMS.keys()), nasty, (name, value) => {
                expect(strangers(parse([`--${name}=${value}`]))).toEqual([]);
            }),
            { numRuns: 2000 },
        );
    });

    test('thousands of them are refused by their number', () => {
        const error = (() => {
            try {
                return parseKvazaarOptions('medium', Array<string>(100_000).fill('--psnr'));
            } catch (caught) {
                return caught;
            }
        })();
        expect(error).toMatchObject({ code: 'BAD_VALUE', option: '' });
        expect(parse(Array<string>(512).fill('--psnr'))?.argv).toEqual([
            ...['--preset', 'medium', '--psnr'],
        ]);
    });

    test.each(['--qp=', '--tiles-width-split=', '--crypto=', '--key=', '--pu-depth-intra=', '--'])(
        '%s with megabytes is refused, in a short message',
        (start) => {
            for (const filler of ['9', '64,', 'mvs+', '1,', '1-2,', 'q']) {
                const text = start + filler.repeat(2_000_000 / filler.length);
                expect(parse([text])).toBeUndefined();
            }
        },
    );

    test('names of options that are abbreviated are not taken', () => {
        for (const name of LONG_FORMS.keys()) {
            for (let length = 1; length < name.length; length += 1) {
                const short = name.slice(0, length);
                if (LONG_FORMS.has(short)) continue;
                expect(() => parseKvazaarOptions('medium', [`--${short}`, '1'])).toThrow(
                    expect.objectContaining({ code: 'UNKNOWN_OPTION' }),
                );
            }
        }
    });
});
