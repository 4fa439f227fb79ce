/** The catalogue for people: lists, lookups, descriptions, completions and a Markdown table. */
import { CATALOGUE, LONG_FORMS, OPTION_GROUPS, SHORT_FORMS, takesValue } from './catalogue.js';
import type { OptionClass, OptionDefinition } from './catalogue.js';
import { describeKind } from './describe-kind.js';
import type { OptionValue, ValueKind } from './kinds.js';
import { LEVELS } from './levels.js';
import { PRESETS } from './presets.js';

/** All options in the order of kvazaar's help, or those of some classes. */
export function listOptions(
    classes: readonly OptionClass[] = ['allowed', 'ours', 'refused'],
): OptionDefinition[] {
    return CATALOGUE.filter((definition) => classes.includes(definition.class));
}

/** The option that a name stands for: `qp`, `--qp`, `-q`, `no-psnr` or `--no-psnr`. */
export function findOption(name: string): OptionDefinition | undefined {
    const bare = name.replace(/^--?/, '');
    const long = name.startsWith('-') && !name.startsWith('--') ? undefined : LONG_FORMS.get(bare);
    return long?.definition ?? (name.startsWith('--') ? undefined : SHORT_FORMS.get(bare));
}

const PLACEHOLDERS: Readonly<Record<ValueKind['type'], string>> = {
    flag: '',
    switch: '',
    integer: 'N',
    choice: 'NAME',
    gop: 'GOP',
    level: 'LEVEL',
    deblock: 'BETA:TC',
    depths: 'MIN-MAX[,…]',
    tiles: 'COLUMNSxROWS',
    'tile-split': 'uN|PIXELS,…',
    'aspect-ratio': 'WIDTH:HEIGHT',
    crypto: 'FEATURES',
    key: 'BYTES',
    resolution: 'WIDTHxHEIGHT',
    'frame-rate': 'NUM/DENOM',
    text: 'TEXT',
};

/** An option as a user types it: `-q, --qp N`, `--[no-]psnr`, `--sao NAME, --no-sao`. */
export function optionUsage(definition: OptionDefinition): string {
    const { name, short, kind, off } = definition;
    if (!takesValue(definition)) return off === undefined ? `--${name}` : `--[no-]${name}`;
    const forms = [`--${name} ${PLACEHOLDERS[kind.type]}`];
    if (short !== undefined) forms.unshift(`-${short}`);
    if (off !== undefined) forms.push(`--no-${name}`);
    return forms.join(', ');
}

function shownValue(value: OptionValue | undefined): string {
    if (value === undefined) return 'none';
    if (typeof value === 'boolean') return value ? 'on' : 'off';
    return String(value);
}

/** What `kvz-cloud options NAME` tells. */
export interface OptionDescription {
    readonly name: string;
    readonly usage: string;
    readonly group: string;
    readonly class: OptionClass;
    readonly help: string;
    /** What the value may be; "given without a value" for switches. */
    readonly values: string;
    /** Value with no preset; "none" where kvazaar has none. */
    readonly default: string;
    /** Value of each preset, for options that presets set; else empty. */
    readonly presets: Readonly<Record<string, string>>;
    /** Why a request cannot set it. */
    readonly reason?: string;
    /** Conditions, and faults of kvazaar. */
    readonly note?: string;
}

/** Everything about one option, as text. */
export function describeOption(definition: OptionDefinition): OptionDescription {
    const presets: Record<string, string> = {};
    for (const [preset, settings] of PRESETS) {
        const value = settings[definition.name];
        if (value !== undefined) presets[preset] = shownValue(value);
    }
    return {
        name: definition.name,
        usage: optionUsage(definition),
        group: definition.group,
        class: definition.class,
        help: definition.help,
        values: describeKind(definition.kind),
        default: shownValue(definition.default),
        presets,
        ...(definition.reason === undefined ? {} : { reason: definition.reason }),
        ...(definition.note === undefined ? {} : { note: definition.note }),
    };
}

/** Values for shell completion: all of them for a choice, likely ones for other kinds. */
export function completeValue({ kind }: OptionDefinition): readonly string[] {
    if (kind.type === 'choice') return kind.values;
    if (kind.type === 'integer') return kind.words ?? [];
    if (kind.type === 'gop') return ['0', '8', '16', 'lp-g4d3t1', 'lp-g8d4t2'];
    if (kind.type === 'level') return [...LEVELS.keys()];
    return kind.type === 'crypto' ? ['on', 'off'] : [];
}

/** The names that a request may use, with dashes: long, `--no-` and short forms. */
export function completeOptions(): string[] {
    return listOptions(['allowed']).flatMap(({ name, short, off }) => [
        `--${name}`,
        ...(off === undefined ? [] : [`--no-${name}`]),
        ...(short === undefined ? [] : [`-${short}`]),
    ]);
}

function cell(text: string): string {
    return text.replaceAll('|', '\\|');
}

/** Preset values in one cell: "medium 4, fast 2, …" shortened to runs of equal ones. */
function presetCell(presets: Readonly<Record<string, string>>): string {
    const runs: { first: string; last: string; value: string }[] = [];
    for (const [preset, value] of Object.entries(presets)) {
        const run = runs.at(-1);
        if (run?.value === value) run.last = preset;
        else runs.push({ first: preset, last: preset, value });
    }
    const [only] = runs;
    if (runs.length === 1 && only !== undefined) return `all presets: ${only.value}`;
    return runs
        .map(({ first, last, value }) => `${first === last ? first : `${first}–${last}`}: ${value}`)
        .join('; ');
}

/** All options as Markdown: a heading and a table for each group of kvazaar's help. */
export function optionsMarkdown(): string {
    const sections = OPTION_GROUPS.map((group) => {
        const rows = CATALOGUE.filter((definition) => definition.group === group).map(
            (definition) => {
                const described = describeOption(definition);
                const defaults = presetCell(described.presets) || described.default;
                const remarks =
                    definition.class === 'allowed'
                        ? (described.note ?? '')
                        : `${definition.class}: ${described.reason ?? ''}`;
                const help = `${described.help}.`;
                const usage = `\`${cell(described.usage)}\``;
                const cells = [usage, help, described.values, defaults, remarks];
                return `| ${usage} | ${cells.slice(1).map(cell).join(' | ')} |`;
            },
        );
        const head = '| Option | Meaning | Value | Default | Remarks |\n|---|---|---|---|---|';
        return `### ${group}\n\n${head}\n${rows.join('\n')}\n`;
    });
    return sections.join('\n');
}
