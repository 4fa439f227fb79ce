import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../../src/encoder/kvazaar/catalogue.js';
import {
    completeOptions,
    completeValue,
    describeOption,
    findOption,
    listOptions,
    optionsMarkdown,
    optionUsage,
} from '../../../src/encoder/kvazaar/listing.js';
import { parseKvazaarOptions } from '../../../src/encoder/kvazaar/options.js';

describe('findOption', () => {
    test.each([
        ['qp', 'qp'],
        ['--qp', 'qp'],
        ['-q', 'qp'],
        ['q', 'qp'],
        ['no-psnr', 'psnr'],
        ['--no-psnr', 'psnr'],
        ['roi-file', 'roi'],
        ['fast-rd-sampling', 'fastrd-sampling'],
    ])('%s is %s', (typed, name) => {
        expect(findOption(typed)?.name).toBe(name);
    });

    test.each(['', '-', '--', '--q', '-qp', 'nonsense', '__proto__', 'constructor'])(
        '%j is nothing',
        (typed) => {
            expect(findOption(typed)).toBeUndefined();
        },
    );
});

test('listOptions selects by class', () => {
    const all = listOptions();
    expect(all).toHaveLength(CATALOGUE.length);
    expect(
        listOptions(['allowed']).length +
            listOptions(['ours']).length +
            listOptions(['refused']).length,
    ).toBe(all.length);
});

test.each([
    ['qp', '-q, --qp N'],
    ['psnr', '--[no-]psnr'],
    ['high-tier', '--high-tier'],
    ['sao', '--sao NAME, --no-sao'],
])('usage of %s', (name, usage) => {
    const definition = CATALOGUE.find((candidate) => candidate.name === name);
    expect(definition && optionUsage(definition)).toBe(usage);
});

test('describeOption tells everything about an option', () => {
    const [ref] = CATALOGUE.filter(({ name }) => name === 'ref').map(describeOption);
    expect(ref).toEqual({
        name: 'ref',
        usage: '-r, --ref N',
        group: 'Video structure',
        class: 'allowed',
        help: 'Number of reference frames',
        values: 'an integer from 1 to 15',
        default: '1',
        presets: {
            ultrafast: '1',
            superfast: '1',
            veryfast: '1',
            faster: '1',
            fast: '2',
            medium: '4',
            slow: '4',
            slower: '4',
            veryslow: '4',
            placebo: '4',
        },
    });
    const [debug] = CATALOGUE.filter(({ name }) => name === 'debug').map(describeOption);
    expect(debug).toMatchObject({ class: 'refused', reason: 'it writes a file' });
});

test('completions are accepted by the parser', () => {
    for (const definition of listOptions(['allowed'])) {
        for (const value of completeValue(definition)) {
            const companion = definition.name === 'rc-algorithm' ? ['--bitrate', '9'] : [];
            const args = [...companion, `--${definition.name}`, value];
            const preset = 'ultrafast';
            const { values } = parseKvazaarOptions(preset, args);
            if (definition.name !== 'bitrate') expect(values.has(definition.name)).toBe(true);
        }
    }
    expect(completeOptions()).toEqual(expect.arrayContaining(['--qp', '-q', '--no-psnr']));
    expect(completeOptions()).not.toEqual(expect.arrayContaining(['--debug']));
});

test('the Markdown table has a row for each option, with the right number of cells', () => {
    const rows = optionsMarkdown()
        .split('\n')
        .filter((line) => line.startsWith('| `'));
    expect(rows).toHaveLength(CATALOGUE.length);
    for (const row of rows) expect(row.match(/(?<!\\)\|/g)).toHaveLength(6);
    expect(optionsMarkdown()).toContain('ultrafast–faster: 1; fast: 2; medium–placebo: 4');
});
