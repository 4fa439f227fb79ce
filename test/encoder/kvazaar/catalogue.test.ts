import { beforeAll, describe, expect, test } from 'vitest';
import { CATALOGUE, KVAZAAR_VERSION, takesValue } from '../../../src/encoder/kvazaar/catalogue.js';
import { findOption } from '../../../src/encoder/kvazaar/listing.js';
import { PRESETS, PRESET_NAMES } from '../../../src/encoder/kvazaar/presets.js';
import { readHelp, type HelpOption } from './help.js';
import { encode, kvazaar } from './program.js';

/** kvazaar takes these `--no-` forms, but its help does not say so. */
const UNDOCUMENTED_NEGATIONS = ['sao', 'force-inter'];

/** kvazaar takes -d for --debug, but its help does not say so. */
const UNDOCUMENTED_SHORT = 'd';

/** kvazaar's help has this name, which the program does not take. */
const MISPRINT = 'fast-rd-sampling';

describe('the catalogue describes the installed kvazaar', () => {
    let help: HelpOption[];

    beforeAll(async () => {
        const { stdout } = await kvazaar(['--help']);
        help = readHelp(stdout.toString('utf8'));
    });

    test('of the same version', async () => {
        const { stdout } = await kvazaar(['--version']);
        expect(stdout.toString('utf8')).toMatch(new RegExp(`Kvazaar v${KVAZAAR_VERSION}\\b`));
    });

    test('with the same options, short forms, negations and groups', () => {
        const printed = help.map(({ name, short, negatable, group }) => ({
            name: name === MISPRINT ? 'fastrd-sampling' : name,
            short,
            negatable,
            group,
        }));
        const known = CATALOGUE.map(({ name, short, off, group }) => ({
            name,
            short: short === UNDOCUMENTED_SHORT ? undefined : short,
            negatable: off !== undefined && !UNDOCUMENTED_NEGATIONS.includes(name),
            group,
        }));
        const byName = (a: { name: string }, b: { name: string }): number =>
            a.name.localeCompare(b.name);
        expect(printed.length).toBeGreaterThan(90);
        expect(known.toSorted(byName)).toEqual(printed.toSorted(byName));
    });

    test('with its undocumented short form', async () => {
        const { stderr } = await kvazaar([`-${UNDOCUMENTED_SHORT}`]);
        expect(stderr).toContain('requires an argument');
        expect(findOption('-d')?.name).toBe('debug');
    });

    test('with words and ranges that the help has too', () => {
        const texts = new Map(help.map(({ name, text }) => [name, text]));
        for (const { name, kind, class: optionClass } of CATALOGUE) {
            const text = texts.get(name) ?? '';
            if (optionClass !== 'allowed') continue;
            const words =
                kind.type === 'choice'
                    ? [...kind.values, ...(kind.unavailable ? [kind.unavailable.value] : [])]
                    : kind.type === 'integer'
                      ? (kind.words ?? [])
                      : [];
            // "Split picture into …", "used with …": the words of --slices are in a list, too.
            const listed = text.split(/[\s,:()]+/);
            const unlisted = words.filter((word) => !listed.includes(word));
            expect({ name, unlisted }).toEqual({ name, unlisted: [] });
            const range = /(-?\d+)\.\.(\d+)/.exec(text);
            if (range !== null && kind.type === 'integer') {
                const [, min, max] = range.map(Number);
                expect({ name, min: kind.min, max: kind.max }).toEqual({ name, min, max });
            }
        }
    });

    test('with every form known to the program, and a value where it wants one', async () => {
        for (const definition of CATALOGUE) {
            const { name, aliases = [], off } = definition;
            const forms = [name, ...aliases.filter((alias) => alias !== MISPRINT)];
            for (const form of forms) {
                const { stderr } = await kvazaar([`--${form}`]);
                expect({
                    form,
                    unknown: stderr.includes('unrecognized option'),
                    takesValue: stderr.includes('requires an argument'),
                }).toEqual({ form, unknown: false, takesValue: takesValue(definition) });
            }
            if (off === undefined) continue;
            const { stderr } = await kvazaar([`--no-${name}`]);
            expect({ name, stderr }).toEqual({
                name,
                stderr: expect.not.stringContaining('unrecognized option'),
            });
        }
    });
});

test('names, aliases and short forms are unique', () => {
    const names = CATALOGUE.flatMap(({ name, aliases = [], off }) => [
        name,
        ...aliases,
        ...(off === undefined ? [] : [`no-${name}`]),
    ]);
    expect(new Set(names).size).toBe(names.length);
    const letters = CATALOGUE.flatMap(({ short }) => short ?? []);
    expect(letters.toSorted()).toEqual(['d', 'h', 'i', 'n', 'o', 'p', 'q', 'r', 'w']);
});

test('what a request cannot set has a reason, what it can has none', () => {
    for (const { name, class: optionClass, reason = '' } of CATALOGUE) {
        expect({ name, hasReason: reason !== '' }).toEqual({
            name,
            hasReason: optionClass !== 'allowed',
        });
    }
});

test('no option that names a file, changes the input or ends the log is allowed', () => {
    const dangerous =
        'input output debug cqmfile roi roi-file fast-coeff-table stats-file-prefix ' +
        'fastrd-outdir fastrd-sampling fast-rd-sampling fastrd-accuracy-check input-res width ' +
        'height input-fps input-format input-bitdepth input-file-format seek frames loop-input ' +
        'source-scan-type partial-coding enable-logging no-enable-logging help version threads ' +
        'owf force-inter no-force-inter preset';
    for (const name of dangerous.split(' ')) {
        expect({ name, class: findOption(name)?.class }).toEqual({
            name,
            class: expect.stringMatching(/^(?:ours|refused)$/),
        });
    }
});

test.each(PRESET_NAMES)('preset %s sets what the program says it sets', async (preset) => {
    const { stderr } = await encode(['--preset', preset], { width: 64, height: 64, count: 1 });
    const line = /Using preset (\w+): (.*)/.exec(stderr);
    expect(line?.[1]).toBe(preset);
    const printed: Record<string, unknown> = {};
    for (const [, name = '', text = ''] of (line?.[2] ?? '').matchAll(/--([a-z-]+)=(\S+)/g)) {
        const kind = findOption(name)?.kind.type;
        printed[name] = kind === 'switch' ? text === '1' : kind === 'integer' ? Number(text) : text;
    }
    expect(PRESETS.get(preset)).toEqual(printed);
});
