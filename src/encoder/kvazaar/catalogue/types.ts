/** What the catalogue says of an option. Its source is `kvazaar --help` of 2.3.1 and src/cli.c. */
import type { OptionValue, ValueKind } from '../kinds.js';

/**
 * Who may set an option: `allowed` a request; `ours` kvz-cloud itself, from the source and the
 * machine; `refused` nobody.
 */
export type OptionClass = 'allowed' | 'ours' | 'refused';

/** The headings of `kvazaar --help`, in its order. */
export const OPTION_GROUPS = [
    'Required',
    'Presets',
    'Input',
    'Options',
    'Video structure',
    'Compression tools',
    'Parallel processing',
    'Video Usability Information',
    'Deprecated parameters',
] as const;
export type OptionGroup = (typeof OPTION_GROUPS)[number];

/** One option of kvazaar 2.3.1. */
export interface OptionDefinition {
    /** Long name without dashes. */
    readonly name: string;
    /** The letter of the short form. */
    readonly short?: string;
    /** Other long names that kvazaar 2.3.1 takes for the same option, or prints in its help. */
    readonly aliases?: readonly string[];
    readonly group: OptionGroup;
    readonly class: OptionClass;
    /** Why a request cannot set it; for every class but `allowed`. */
    readonly reason?: string;
    readonly kind: ValueKind;
    /** There is a `--no-name` form, and this is the value that it stands for. */
    readonly off?: OptionValue;
    /** Value before the preset is applied; absent where kvazaar has none. */
    readonly default?: OptionValue;
    /** One line, without the full stop. */
    readonly help: string;
    /** What a user should know besides: conditions, and faults of kvazaar 2.3.1. */
    readonly note?: string;
}
