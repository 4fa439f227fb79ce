/**
 * Every option of kvazaar 2.3.1: who may set it, what it takes, what it does.
 *
 * Sources: the program's own `--help` for names, values and texts; its getopt table for which
 * forms take a value; what it does with values at and beyond the limits, where the help is
 * silent. A test compares the catalogue with the help of the installed program.
 */
import { GENERAL_OPTIONS } from './catalogue/general.js';
import { INPUT_OPTIONS } from './catalogue/input.js';
import { PARALLEL_OPTIONS } from './catalogue/parallel.js';
import { STRUCTURE_OPTIONS } from './catalogue/structure.js';
import { TOOL_OPTIONS } from './catalogue/tools.js';
import type { OptionDefinition } from './catalogue/types.js';
import { VUI_OPTIONS } from './catalogue/vui.js';

export { OPTION_GROUPS } from './catalogue/types.js';
export type { OptionClass, OptionDefinition } from './catalogue/types.js';

/** The version that the catalogue describes. */
export const KVAZAAR_VERSION = '2.3.1';

/** All options, nearly in the order of the help. */
export const CATALOGUE: readonly OptionDefinition[] = [
    ...INPUT_OPTIONS,
    ...GENERAL_OPTIONS,
    ...STRUCTURE_OPTIONS,
    ...TOOL_OPTIONS,
    ...PARALLEL_OPTIONS,
    ...VUI_OPTIONS,
];

/** A name as a user may type it, with what it stands for. */
export interface OptionForm {
    readonly definition: OptionDefinition;
    /** The `--no-name` form. */
    readonly negated: boolean;
}

function longForms(): ReadonlyMap<string, OptionForm> {
    const forms = new Map<string, OptionForm>();
    for (const definition of CATALOGUE) {
        for (const name of [definition.name, ...(definition.aliases ?? [])]) {
            forms.set(name, { definition, negated: false });
        }
        if (definition.off !== undefined) {
            forms.set(`no-${definition.name}`, { definition, negated: true });
        }
    }
    return forms;
}

/** Long names without dashes, aliases and `no-` forms included. */
export const LONG_FORMS = longForms();

/** Letters of the short forms. */
export const SHORT_FORMS: ReadonlyMap<string, OptionDefinition> = new Map(
    CATALOGUE.flatMap((definition) =>
        definition.short === undefined ? [] : [[definition.short, definition] as const],
    ),
);

/** True for options that are followed by a value, in their form without `no-`. */
export function takesValue(definition: OptionDefinition): boolean {
    return definition.kind.type !== 'flag' && definition.kind.type !== 'switch';
}
