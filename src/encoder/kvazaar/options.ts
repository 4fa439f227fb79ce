/**
 * The kvazaar options of one request: checked, in a normal form, and as the argv that kvazaar is
 * started with.
 */
import { badValue, readArguments, readValue } from './arguments.js';
import { CATALOGUE, takesValue } from './catalogue.js';
import type { OptionDefinition } from './catalogue.js';
import { checkDependencies } from './dependencies.js';
import { applySetting } from './effects.js';
import { KvazaarOptionError, quotable } from './errors.js';
import type { OptionValue } from './kinds.js';
import { normalForm } from './normal-form.js';
import { PRESETS, PRESET_NAMES } from './presets.js';
import { suggest } from '../../suggest.js';

export { KvazaarOptionError } from './errors.js';
export type { KvazaarOptionErrorCode } from './errors.js';
export type { OptionValue } from './kinds.js';

export interface KvazaarOptions {
    /** One of kvazaar's ten presets. */
    readonly preset: string;
    /**
     * Arguments for kvazaar, `--preset` first, each value an argument of its own. Built from
     * `values`; no string that a user typed is in it. Input, output, size, rate and threads are
     * not.
     */
    readonly argv: readonly string[];
    /**
     * Equal only for requests that kvazaar codes alike. Spelling, order, defaults and values of
     * the preset said aloud do not matter. (Two ways to say the same that depend on the picture,
     * such as --tiles-width-split u2 and 64 for 128 pixels, are told apart.)
     */
    readonly normalForm: string;
    /** What was set besides the preset, by long name, in its canonical value. */
    readonly values: ReadonlyMap<string, OptionValue>;
}

/**
 * Options that undo others when they come later: --gop sets --intra-bits and --clip-neighbour,
 * and tiles switch off --wpp and --tmvp. They are written before all others.
 */
const FIRST = ['gop', 'tiles', 'tiles-width-split', 'tiles-height-split'];

const ARGV_ORDER: readonly OptionDefinition[] = [
    ...CATALOGUE.filter(({ name }) => FIRST.includes(name)),
    ...CATALOGUE.filter(({ name }) => !FIRST.includes(name)),
];

function argvOf(preset: string, values: ReadonlyMap<string, OptionValue>): string[] {
    const argv = ['--preset', preset];
    for (const { name, off } of ARGV_ORDER) {
        const value = values.get(name);
        // Rate control is off unless asked for, and kvazaar exits with an error on --bitrate 0.
        if (value === undefined || (name === 'bitrate' && value === 0)) continue;
        if (value === true) argv.push(`--${name}`);
        else if (value === off && typeof value !== 'string') argv.push(`--no-${name}`);
        else argv.push(`--${name}`, String(value));
    }
    return argv;
}

function build(preset: string, values: ReadonlyMap<string, OptionValue>): KvazaarOptions {
    checkDependencies(preset, values);
    return Object.freeze({
        preset,
        argv: Object.freeze(argvOf(preset, values)),
        normalForm: normalForm(preset, values),
        values,
    });
}

/**
 * Checks the options of a request.
 *
 * @param preset name of a preset
 * @param args what the user typed after `--`, e.g. ["--qp", "27", "--no-psnr"]; a later setting
 *     of an option overrides an earlier one, as in kvazaar
 * @throws KvazaarOptionError naming the option, the value and what is allowed
 */
export function parseKvazaarOptions(preset: string, args: readonly string[] = []): KvazaarOptions {
    if (!PRESETS.has(preset)) {
        const guess = suggest(preset, PRESET_NAMES);
        const allowed = `one of ${PRESET_NAMES.join(', ')}`;
        const hint = guess === undefined ? '' : `; did you mean ${guess}?`;
        throw new KvazaarOptionError('UNKNOWN_PRESET', {
            option: '--preset',
            value: preset,
            allowed,
            message: `--preset ${quotable(preset) || '""'}: must be ${allowed}${hint}`,
        });
    }
    const values = new Map<string, OptionValue>();
    for (const setting of readArguments(args)) applySetting(values, setting);
    return build(preset, values);
}

/**
 * Adds values to options that the request left open, e.g. `{ range: 'pc' }` from the source.
 * Options that are set already stay as they are. Options of the class `ours`, such as
 * `source-scan-type`, can be set here too.
 *
 * @throws KvazaarOptionError as parseKvazaarOptions does; a name that is not in the catalogue, or
 *     that is refused or names a file, is an UNKNOWN_OPTION
 */
export function withDefaults(
    options: KvazaarOptions,
    defaults: Readonly<Record<string, OptionValue>>,
): KvazaarOptions {
    const values = new Map(options.values);
    for (const [name, value] of Object.entries(defaults)) {
        const definition = CATALOGUE.find((candidate) => candidate.name === name);
        if (
            definition === undefined ||
            definition.class === 'refused' ||
            definition.kind.type === 'text'
        ) {
            throw new KvazaarOptionError('UNKNOWN_OPTION', {
                option: `--${quotable(name)}`,
                allowed: 'an option that kvz-cloud sets',
                message: `--${quotable(name)} is not an option that kvz-cloud sets`,
            });
        }
        if (values.has(name)) continue;
        applySetting(values, { definition, value: canonicalValue(definition, value) });
    }
    return build(options.preset, values);
}

/** Checks a value that did not come from a command line. */
function canonicalValue(definition: OptionDefinition, value: OptionValue): OptionValue {
    const option = `--${definition.name}`;
    if (value === definition.off) return value;
    if (typeof value !== 'boolean') return readValue(option, String(value), definition);
    if (!value || takesValue(definition)) throw badValue(option, String(value), definition);
    return true;
}
