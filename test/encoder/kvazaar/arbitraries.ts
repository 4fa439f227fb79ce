/** Random option sets that are accepted, for property tests. */
import fc from 'fast-check';
import { CATALOGUE, type OptionDefinition } from '../../../src/encoder/kvazaar/catalogue.js';
import { KvazaarOptionError, parseKvazaarOptions } from '../../../src/encoder/kvazaar/options.js';
import { PRESET_NAMES } from '../../../src/encoder/kvazaar/presets.js';

const number = (min: number, max: number): fc.Arbitrary<string> =>
    fc.integer({ min, max }).map(String);

function depths(min: number, max: number): fc.Arbitrary<string> {
    const range = fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
    return fc
        .tuple(range, fc.array(fc.oneof(range, fc.constant('')), { maxLength: 5 }))
        .map(([first, others]) => [first, ...others].join(','));
}

const gop = fc.oneof(
    fc.constantFrom('0', '8', '16'),
    fc.tuple(number(1, 32), number(1, 6)).map(([g, d]) => `lp-g${g}d${d}t1`),
    fc.tuple(fc.integer({ min: 1, max: 16 }), number(3, 6)).map(([g, d]) => `lp-g${2 * g}d${d}t2`),
);

/** A value that the option takes, as text. */
export function valueOf(definition: OptionDefinition): fc.Arbitrary<string> {
    const { kind, name } = definition;
    switch (kind.type) {
        case 'integer': {
            // Small targets and periods are where rate control and GOPs matter in a few frames.
            if (name === 'period') return fc.constantFrom('0', '1', '8', '16', '32', '48');
            if (name === 'bitrate') return number(0, 2_000_000);
            const words = kind.words ?? [];
            const numbers = number(kind.min, kind.max);
            return words.length > 0 ? fc.oneof(numbers, fc.constantFrom(...words)) : numbers;
        }
        case 'choice':
            return fc.constantFrom(...kind.values);
        case 'gop':
            return gop;
        case 'level':
            return fc.constantFrom('1', '2', '2.1', '3', '31', '4.0', '4.1', '5', '6.2', '62');
        case 'deblock':
            return fc.tuple(number(-6, 6), number(-6, 6)).map((parts) => parts.join(':'));
        case 'depths':
            return depths(kind.min, kind.max);
        case 'tiles':
            return fc.tuple(number(1, 3), number(1, 2)).map((parts) => parts.join('x'));
        case 'tile-split':
            return fc.constantFrom('u2', 'u3', '64', '64,128');
        case 'aspect-ratio':
            return fc.tuple(number(1, 999), number(1, 999)).map((parts) => parts.join(':'));
        case 'crypto':
            return fc.constantFrom('on', 'off', 'mvs', 'mv_signs+trans_coeffs');
        case 'key':
            return fc.array(number(0, 255), { minLength: 16, maxLength: 16 }).map(String);
        case 'flag':
        case 'switch':
        case 'text':
        case 'resolution':
        case 'frame-rate':
            break;
    }
    throw new Error(`--${name} takes no value from a request`);
}

/** One option in one of its forms. */
function setting(definition: OptionDefinition): fc.Arbitrary<string[]> {
    const { name, short, kind, off } = definition;
    const negated = fc.constant<string[]>([`--no-${name}`]);
    if (kind.type === 'flag') return fc.constant([`--${name}`]);
    if (kind.type === 'switch') return fc.oneof(fc.constant<string[]>([`--${name}`]), negated);
    const value = valueOf(definition);
    const forms = [
        value.map((text) => [`--${name}`, text]),
        value.map((text) => [`--${name}=${text}`]),
        ...(short === undefined ? [] : [value.map((text) => [`-${short}${text}`])]),
        ...(off === undefined ? [] : [negated]),
    ];
    return fc.oneof(...forms);
}

const anySetting = fc
    .constantFrom(...CATALOGUE.filter((definition) => definition.class === 'allowed'))
    .chain(setting);

/** Presets and arguments that parseKvazaarOptions accepts, on their own and together. */
export function optionSets(
    accept: (preset: string, args: string[]) => void = parseKvazaarOptions,
): fc.Arbitrary<{ preset: string; args: string[] }> {
    return fc
        .record({
            preset: fc.constantFrom(...PRESET_NAMES),
            args: fc.array(anySetting, { maxLength: 8 }).map((parts) => parts.flat()),
        })
        .filter(({ preset, args }) => {
            try {
                accept(preset, args);
                return true;
            } catch (error) {
                if (error instanceof KvazaarOptionError && error.code === 'OPTION_CONFLICT') {
                    return false;
                }
                throw error;
            }
        });
}
