/**
 * Reads what a user typed after `--`, in the forms that getopt_long takes: `--qp 27`, `--qp=27`,
 * `-q 27`, `-q27`, `--no-psnr`. Abbreviated names are not taken, though getopt would: a later
 * kvazaar could give them another meaning, and `--debu` must not reach `--debug`.
 */
import { LONG_FORMS, SHORT_FORMS, takesValue } from './catalogue.js';
import type { OptionDefinition } from './catalogue.js';
import { describeKind } from './describe-kind.js';
import { KvazaarOptionError, quotable } from './errors.js';
import type { OptionValue } from './kinds.js';
import { parseValue } from './parse-value.js';
import { suggest } from '../../suggest.js';

/** More arguments than all of kvazaar's options with a value, twice over. */
const MAX_ARGUMENTS = 512;

/** One option as given: its canonical value. */
export interface Setting {
    readonly definition: OptionDefinition;
    readonly value: OptionValue;
}

function unknown(option: string): KvazaarOptionError {
    const name = option.replace(/^-+/, '');
    const guess = option.startsWith('-') ? suggest(name, LONG_FORMS.keys()) : undefined;
    const allowed = guess === undefined ? 'an option of kvazaar' : `--${guess}`;
    const hint = guess === undefined ? '' : `; did you mean --${guess}?`;
    const message = option.startsWith('-')
        ? `unknown kvazaar option ${quotable(option)}${hint}`
        : `unexpected argument "${quotable(option)}": a kvazaar option starts with --`;
    return new KvazaarOptionError('UNKNOWN_OPTION', { option: quotable(option), allowed, message });
}

function refused(option: string, reason: string): KvazaarOptionError {
    return new KvazaarOptionError('OPTION_REFUSED', {
        option,
        allowed: reason,
        message: `${option} cannot be set: ${reason}`,
    });
}

/** The error for a value that the kind does not allow. */
export function badValue(
    option: string,
    value: string,
    definition: OptionDefinition,
): KvazaarOptionError {
    const allowed = describeKind(definition.kind);
    return new KvazaarOptionError('BAD_VALUE', {
        option,
        value,
        allowed,
        message: `${option} ${quotable(value) || '""'}: must be ${allowed}`,
    });
}

function missing(option: string, definition: OptionDefinition): KvazaarOptionError {
    const allowed = describeKind(definition.kind);
    return new KvazaarOptionError('MISSING_VALUE', {
        option,
        allowed,
        message: `${option} needs a value: ${allowed}`,
    });
}

function unwanted(option: string, value: string): KvazaarOptionError {
    return new KvazaarOptionError('BAD_VALUE', {
        option,
        value,
        allowed: 'given without a value',
        message: `${option}=${quotable(value)}: ${option} takes no value`,
    });
}

/** An argument taken apart: which option, in which form, and the value that is attached to it. */
interface Head {
    /** As typed, without the value. */
    readonly option: string;
    readonly definition: OptionDefinition;
    readonly negated: boolean;
    readonly attached: string | undefined;
}

function readHead(argument: string): Head {
    if (argument.startsWith('--')) {
        const equals = argument.indexOf('=');
        const option = equals < 0 ? argument : argument.slice(0, equals);
        const form = LONG_FORMS.get(option.slice(2));
        if (form === undefined) throw unknown(option);
        const attached = equals < 0 ? undefined : argument.slice(equals + 1);
        return { option, attached, ...form };
    }
    const definition = SHORT_FORMS.get(argument.charAt(1));
    if (!argument.startsWith('-') || definition === undefined) throw unknown(argument);
    const attached = argument.length > 2 ? argument.slice(2) : undefined;
    return { option: argument.slice(0, 2), definition, negated: false, attached };
}

/**
 * The canonical value of an option.
 *
 * @throws KvazaarOptionError naming what is allowed
 */
export function readValue(option: string, text: string, definition: OptionDefinition): OptionValue {
    const { kind } = definition;
    const value = parseValue(kind, text);
    if (value !== undefined) return value;
    if (kind.type === 'choice' && kind.unavailable?.value === text) {
        throw refused(`${option} ${text}`, kind.unavailable.reason);
    }
    throw badValue(option, text, definition);
}

/** The next argument is the value, unless it is plainly an option: no value starts with "-a". */
function isValue(argument: string | undefined): argument is string {
    return argument !== undefined && !/^-(?:[^0-9]|$)/.test(argument);
}

/**
 * Reads all arguments, in order.
 *
 * @throws KvazaarOptionError at the first one that is not an allowed option with a right value
 */
export function readArguments(args: readonly string[]): Setting[] {
    if (args.length > MAX_ARGUMENTS) {
        throw new KvazaarOptionError('BAD_VALUE', {
            option: '',
            value: String(args.length),
            allowed: `at most ${MAX_ARGUMENTS} arguments`,
            message: `${args.length} kvazaar arguments: at most ${MAX_ARGUMENTS} are taken`,
        });
    }
    const settings: Setting[] = [];
    for (let index = 0; index < args.length; index += 1) {
        const argument = args[index];
        if (typeof argument !== 'string') throw unknown(String(argument));
        const { option, definition, negated, attached } = readHead(argument);
        if (definition.class !== 'allowed') {
            throw refused(option, definition.reason ?? 'it is not for requests');
        }
        if (negated || !takesValue(definition)) {
            if (attached !== undefined) throw unwanted(option, attached);
            settings.push({ definition, value: negated ? (definition.off ?? false) : true });
            continue;
        }
        let text = attached;
        if (text === undefined) {
            const next = args[index + 1];
            if (!isValue(next)) throw missing(option, definition);
            text = next;
            index += 1;
        }
        settings.push({ definition, value: readValue(option, text, definition) });
    }
    return settings;
}
