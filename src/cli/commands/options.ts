/** `kvz-cloud options`: kvazaar's options, as the catalogue of this version has them. */
import type { Command } from 'commander';
import { KvzError } from '../../protocol/errors.js';
import { suggest } from '../../suggest.js';
import type { CliContext } from '../context.js';
import type { KvazaarOptionInfo } from '../host.js';
import { addExamples } from './common.js';

interface OptionsFlags {
    json?: boolean;
}

const CLASS_TEXT: Readonly<Record<KvazaarOptionInfo['class'], string>> = {
    allowed: '',
    ours: 'set by kvz-cloud: ',
    refused: 'refused: ',
};

function describe(option: KvazaarOptionInfo): [string, string][] {
    const presets = Object.entries(option.presets).map(([name, value]) => `${name} ${value}`);
    return [
        ['usage', option.usage],
        ['meaning', option.help],
        ['value', option.values],
        ['default', option.default],
        ...(presets.length > 0 ? ([['presets', presets.join(', ')]] as [string, string][]) : []),
        ...(option.reason === undefined
            ? []
            : ([['class', `${CLASS_TEXT[option.class]}${option.reason}`]] as [string, string][])),
        ...(option.note === undefined ? [] : ([['note', option.note]] as [string, string][])),
    ];
}

function printList(context: CliContext, options: readonly KvazaarOptionInfo[]): void {
    const width = Math.max(...options.map(({ usage }) => usage.length));
    let group = '';
    for (const option of options) {
        if (option.group !== group) {
            if (group !== '') context.print('');
            context.print(option.group);
            group = option.group;
        }
        context.print(`  ${option.usage.padEnd(width)}  ${option.help}`);
    }
}

export function addOptions(program: Command, context: CliContext): void {
    const command = program
        .command('options')
        .description("kvazaar's options: what each does and which values it takes")
        .argument('[name]', 'one option without its dashes, e.g. qp or q')
        .option('--json', 'one JSON document on stdout')
        .action(async (name: string | undefined, flags: OptionsFlags) => {
            if (name === undefined) {
                const all = await context.host.listKvazaarOptions();
                if (flags.json) return context.printJson(all);
                return printList(
                    context,
                    all.filter((option) => option.class === 'allowed'),
                );
            }
            const option = await context.host.findKvazaarOption(name);
            if (!option) {
                const names = (await context.host.listKvazaarOptions()).map((each) => each.name);
                const near = suggest(name.replace(/^--?/, ''), names);
                const hint = near ? `did you mean ${near}?` : '"kvz-cloud options" lists them';
                throw new KvzError('USAGE', `kvazaar has no option ${name}; ${hint}`);
            }
            if (flags.json) return context.printJson(option);
            const rows = describe(option);
            const width = Math.max(...rows.map(([label]) => label.length));
            return rows.forEach(([label, text]) =>
                context.print(`${label.padEnd(width)}  ${text}`),
            );
        });
    addExamples(command, [
        ['kvz-cloud options qp', ''],
        ['kvz-cloud encode clip.mp4 -- --qp 27 --sao off', 'options go after --'],
    ]);
}
