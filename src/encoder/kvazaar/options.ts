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
import { suggest } from './suggest.js';

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
    /** Equal for two requests exactly when kvazaar would be configured equally by both. */
    readonly normalForm: string;
    /** What was set besides the preset, by long name, in its canonical value. */
    readonly values: ReadonlyMap<string, OptionValue>;
}

function argvOf(preset: string, values: ReadonlyMap<string, OptionValue>): string[] {
    const argv = ['--preset', preset];
    for (const { name, kind } of CATALOGUE) {
        const value = values.get(name);
        if (value === undefined) continue;
        // Rate control is off unless asked for, and kvazaar exits with an error on --bitrate 0.
        if (name === 'bitrate' && value === 0) continue;
        if (value === true) argv.push(`--${name}`);
        else if (value !== false) argv.push(`--${name}`, String(value));
        else if (kind.type !== 'flag') argv.push(`--no-${name}`);
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
    if (typeof value !== 'boolean') return readValue(option, String(value), definition);
    const canonical = value ? !takesValue(definition) || undefined : definition.off;
    if (canonical === undefined) throw badValue(option, String(value), definition);
    return canonical;
}
