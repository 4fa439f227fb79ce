import { describe, expect, test } from 'vitest';
import {
    KvazaarOptionError,
    parseKvazaarOptions,
    withDefaults,
} from '../../../src/encoder/kvazaar/options.js';

const argv = (...args: string[]): readonly string[] => {
    const [flag, preset, ...rest] = parseKvazaarOptions('medium', args).argv;
    expect([flag, preset]).toEqual(['--preset', 'medium']);
    return rest;
};

const errorOf = (args: readonly string[], preset = 'medium'): KvazaarOptionError => {
    try {
        parseKvazaarOptions(preset, args);
    } catch (error) {
        if (error instanceof KvazaarOptionError) return error;
        throw error;
    }
    throw new Error(`accepted: ${args.join(' ')}`);
};

describe('forms', () => {
    test.each([
        [['--qp', '27']],
        [['--qp=27']],
        [['-q', '27']],
        [['-q27']],
        [['--qp=027']],
        [['--qp', '30', '-q27']],
    ])('%j', (args) => {
        expect(argv(...args)).toEqual(['--qp', '27']);
    });

    test.each([
        [['--no-psnr'], ['--no-psnr']],
        [['--no-psnr', '--psnr'], ['--psnr']],
        [
            ['--deblock', '-2:3'],
            ['--deblock', '-2:3'],
        ],
        [['--deblock', '1:1', '--no-deblock'], ['--no-deblock']],
        [['--no-sao'], ['--sao', 'off']],
        [
            ['--vaq', '5'],
            ['--vaq', '5'],
        ],
        [['--no-vaq'], ['--no-vaq']],
        [['--set-qp-in-cu'], ['--set-qp-in-cu']],
        [
            ['--intra-qp-offset', '-3'],
            ['--intra-qp-offset', '-3'],
        ],
        [['--intra-qp-offset=auto'], ['--intra-qp-offset', 'auto']],
        [
            ['--level', '41'],
            ['--level', '4.1'],
        ],
        [
            ['--level', '4.0', '--force-level', '5'],
            ['--force-level', '5'],
        ],
        [
            ['--gop', 'lp-g08d04t02'],
            ['--gop', 'lp-g8d4t2'],
        ],
        [
            ['--pu-depth-inter', '1-2,0-3,1-2,'],
            ['--pu-depth-inter', '1-2,0-3'],
        ],
        [
            ['--crypto', 'trans_coeffs+mvs'],
            ['--crypto', 'mvs+trans_coeffs'],
        ],
        [['--bitrate', '0'], []],
        [
            ['--tiles', '02x3'],
            ['--tiles', '2x3'],
        ],
        [
            ['--tiles-width-split', '64,128'],
            ['--tiles-width-split', '64,128'],
        ],
    ])('%j becomes %j', (args, expected) => {
        expect(argv(...args)).toEqual(expected);
    });

    test('argv comes in an order in which each setting keeps its meaning', () => {
        expect(argv('--intra-bits', '--tmvp', '--wpp', '--gop', '8', '--tiles', '2x2')).toEqual([
            '--gop',
            '8',
            '--tiles',
            '2x2',
        ]);
        expect(argv('--no-intra-bits', '--qp', '1', '--gop=8', '--intra-bits')).toEqual([
            '--gop',
            '8',
            '--qp',
            '1',
            '--intra-bits',
        ]);
        expect(argv('--tiles', '1x1', '--tmvp', '--wpp')).toEqual([
            '--tiles',
            '1x1',
            '--tmvp',
            '--wpp',
        ]);
    });
});

describe('errors name the option, the value and what is allowed', () => {
    test.each([
        [['--qp', '99'], 'BAD_VALUE', '--qp 99: must be an integer from 0 to 51'],
        [['--qp', 'abc'], 'BAD_VALUE', '--qp abc: must be an integer from 0 to 51'],
        [['--qp', '-1'], 'BAD_VALUE', '--qp -1: must be an integer from 0 to 51'],
        [['--qp', '27.5'], 'BAD_VALUE', '--qp 27.5: must be an integer from 0 to 51'],
        [['--qp', ''], 'BAD_VALUE', '--qp "": must be an integer from 0 to 51'],
        [['-q=27'], 'BAD_VALUE', '-q =27: must be an integer from 0 to 51'],
        [['--qp', '٢٧'], 'BAD_VALUE', '--qp \\u{662}\\u{667}: must be an integer from 0 to 51'],
        [['--qp', '27\0'], 'BAD_VALUE', '--qp 27\\u{0}: must be an integer from 0 to 51'],
        [['--qp', ' 27'], 'BAD_VALUE', '--qp  27: must be an integer from 0 to 51'],
        [['--qp', '27\n'], 'BAD_VALUE', '--qp 27\\u{a}: must be an integer from 0 to 51'],
        [['--sao', 'none'], 'BAD_VALUE', '--sao none: must be one of off, band, edge, full'],
        [['--psnr=1'], 'BAD_VALUE', '--psnr=1: --psnr takes no value'],
        [['--no-psnr='], 'BAD_VALUE', '--no-psnr=: --no-psnr takes no value'],
        [['--qp'], 'MISSING_VALUE', '--qp needs a value: an integer from 0 to 51'],
        [['--qp', '--psnr'], 'MISSING_VALUE', '--qp needs a value: an integer from 0 to 51'],
        [['-q', '-p', '8'], 'MISSING_VALUE', '-q needs a value: an integer from 0 to 51'],
        [['--qpp', '3'], 'UNKNOWN_OPTION', 'unknown kvazaar option --qpp; did you mean --qp?'],
        [['--trans'], 'UNKNOWN_OPTION', 'unknown kvazaar option --trans'],
        [['--transf=bt709'], 'UNKNOWN_OPTION', /--transf; did you mean --transfer\?$/],
        [['--debu=F'], 'UNKNOWN_OPTION', 'unknown kvazaar option --debu; did you mean --debug?'],
        [['--no-qp'], 'UNKNOWN_OPTION', /^unknown kvazaar option --no-qp/],
        [['--QP', '3'], 'UNKNOWN_OPTION', /^unknown kvazaar option --QP/],
        [['-x'], 'UNKNOWN_OPTION', 'unknown kvazaar option -x'],
        [['-'], 'UNKNOWN_OPTION', 'unknown kvazaar option -'],
        [['--'], 'UNKNOWN_OPTION', 'unknown kvazaar option --'],
        [['a.yuv'], 'UNKNOWN_OPTION', /^unexpected argument "a.yuv"/],
        [['--__proto__', 'x'], 'UNKNOWN_OPTION', 'unknown kvazaar option --__proto__'],
        [['--constructor=x'], 'UNKNOWN_OPTION', 'unknown kvazaar option --constructor'],
        [['--debug', 'F'], 'OPTION_REFUSED', '--debug cannot be set: it writes a file'],
        [['-dF'], 'OPTION_REFUSED', '-d cannot be set: it writes a file'],
        [['--loop-input'], 'OPTION_REFUSED', '--loop-input cannot be set: it never ends'],
        [['--threads', '4'], 'OPTION_REFUSED', /^--threads cannot be set: /],
        [['--no-enable-logging'], 'OPTION_REFUSED', /^--no-enable-logging cannot be set: /],
        [['--preset', 'fast'], 'OPTION_REFUSED', /kvz-cloud's own --preset/],
        [['--scaling-list', 'custom'], 'OPTION_REFUSED', /--scaling-list custom .*--cqmfile/],
        [['--gop', '4'], 'BAD_VALUE', /^--gop 4: must be 0, 8, 16, or lp-gNdNtN/],
        [['--gop', 'lp-g8d7t1'], 'BAD_VALUE', /^--gop lp-g8d7t1: must be/],
        [['--gop', 'lp-g8d2t2'], 'BAD_VALUE', /^--gop lp-g8d2t2: must be/],
        [['--pu-depth-intra', '3-2'], 'BAD_VALUE', /^--pu-depth-intra 3-2: must be MIN-MAX/],
        [['--tiles-width-split', '100'], 'BAD_VALUE', /multiples of 64/],
        [['--tiles-width-split', '128,64'], 'BAD_VALUE', /rising/],
        [['--level', '1.1'], 'BAD_VALUE', /^--level 1.1: must be one of 1, 2, 2.1/],
        [['--key', '1,2,3'], 'BAD_VALUE', /^--key 1,2,3: must be 16 numbers/],
    ] as const)('%j', (args, code, message) => {
        const error = errorOf(args);
        expect(error.code).toBe(code);
        expect(error.message).toMatch(message);
        expect(error.allowed).not.toBe('');
        expect(error.name).toBe('KvazaarOptionError');
    });

    test('fields', () => {
        expect(errorOf(['--qp', '99'])).toMatchObject({
            option: '--qp',
            value: '99',
            allowed: 'an integer from 0 to 51',
        });
        expect(errorOf(['--qp']).value).toBeUndefined();
    });

    test.each(['Medium', '', '5', '__proto__', 'toString', 'fast '])('preset %j', (preset) => {
        const error = errorOf([], preset);
        expect(error.code).toBe('UNKNOWN_PRESET');
        expect(error.message).toContain('must be one of ultrafast, superfast');
    });

    test('a preset that is nearly right is suggested', () => {
        expect(errorOf([], 'medum').message).toMatch(/did you mean medium\?$/);
    });
});

describe('withDefaults', () => {
    test('adds what the request left open, and nothing else', () => {
        const options = parseKvazaarOptions('fast', ['--colorprim', 'bt709']);
        const filled = withDefaults(options, {
            colorprim: 'bt2020',
            range: 'pc',
            'source-scan-type': 'tff',
            threads: 3,
            wpp: false,
            vaq: 0,
        });
        expect(filled.values.get('colorprim')).toBe('bt709');
        expect(filled.argv.join(' ')).toBe(
            '--preset fast --source-scan-type tff --no-vaq --threads 3 --no-wpp --range pc --colorprim bt709',
        );
        expect(filled.normalForm).toBe('fast colorprim=bt709 range=pc wpp=false');
        expect(options.argv.join(' ')).toBe('--preset fast --colorprim bt709');
    });

    test.each([
        [{ debug: 'F' }, 'UNKNOWN_OPTION'],
        [{ output: 'F' }, 'UNKNOWN_OPTION'],
        [{ nonsense: 1 }, 'UNKNOWN_OPTION'],
        [{ range: 'full' }, 'BAD_VALUE'],
        [{ qp: true }, 'BAD_VALUE'],
        [{ qp: false }, 'BAD_VALUE'],
        [{ period: 10 }, 'OPTION_CONFLICT'],
    ] as const)('%j is refused', (defaults, code) => {
        const options = parseKvazaarOptions('medium');
        expect(() => withDefaults(options, defaults)).toThrow(expect.objectContaining({ code }));
    });
});
