/** `kvz-cloud watch`: its options; those of the encodes are in encode-options.ts. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { CliContext, ServerFlags } from '../context.js';
import { VIEW_NAMES } from '../ui/view.js';
import type { ViewName } from '../ui/view.js';
import { ON_DONE } from '../watch/disposal-modes.js';
import type { OnDone } from '../watch/disposal-modes.js';
import { addExamples, addServerOptions } from './common.js';
import { addEncodeOptions } from './encode-options.js';
import type { EncodeOptionFlags } from './encode-options.js';
import { addTimeout } from './timeout-option.js';

export interface WatchFlags extends EncodeOptionFlags, ServerFlags {
    output: string;
    once?: boolean;
    recursive?: boolean;
    match?: string;
    /** Seconds. */
    settle: number;
    /** Seconds. */
    poll?: number;
    onDone: OnDone;
    doneDir?: string;
    failedDir?: string;
    /** Seconds. */
    timeout?: number;
    progress?: ViewName;
    json?: boolean;
}

const seconds =
    (min: number, max: number) =>
    (text: string): number => {
        const value = Number(text);
        if (text.trim() === '' || !(value >= min && value <= max)) {
            throw new InvalidArgumentError(`expected seconds from ${min} to ${max}.`);
        }
        return value;
    };

export function addWatch(program: Command, context: CliContext): void {
    const command = program
        .command('watch')
        .description('encode the files of a folder, now and as they come')
        .usage('FOLDER -o FOLDER [options] [-- KVAZAAR OPTIONS]')
        .argument('<folder>', 'the folder to watch')
        .requiredOption('-o, --output <folder>', 'where results go')
        .option('--once', 'end when what is there now is done; exit 5 when anything failed')
        .option(
            '-r, --recursive',
            'the folders in it, too; results go to folders of the same names',
        )
        .option('--match <glob>', 'only these files (default: by the endings of videos)')
        .addOption(
            new Option('--settle <seconds>', 'how long a file must not have changed')
                .argParser(seconds(0.1, 86_400))
                .default(5),
        )
        .addOption(
            new Option(
                '--poll <seconds>',
                'look through the folder this often, for file systems that tell no changes',
            ).argParser(seconds(0.1, 86_400)),
        )
        .addOption(
            new Option('--on-done <what>', 'what becomes of an input whose result is there')
                .choices(ON_DONE)
                .default('keep'),
        )
        .option('--done-dir <folder>', 'where --on-done move puts it (default: FOLDER/done)')
        .option(
            '--failed-dir <folder>',
            'where what cannot be encoded goes (default: FOLDER/failed)',
        );
    addEncodeOptions(command).addOption(
        new Option(
            '--progress <view>',
            'ui or bar: a status line, plain or none (default: ui on a terminal, else plain)',
        ).choices(VIEW_NAMES),
    );
    addTimeout(command, 'with --once: end after this time, such as 90s or 2h, with exit 124')
        .option('--json', 'one JSON object per line on stdout')
        .action(async (folder: string, flags: WatchFlags) => {
            const { runWatch } = await import('./watch-action.js');
            context.exitStatus = await runWatch(context, folder, flags);
        });
    addServerOptions(command).option('--no-start', 'do not start a local daemon when none runs');
    addExamples(command, [
        ['kvz-cloud watch in -o out', 'until Ctrl-C'],
        ['kvz-cloud watch in -o out -r --on-done move', 'inputs go to in/done'],
        ['kvz-cloud watch in -o out --once --json', 'for cron and CI'],
        ['kvz-cloud watch /mnt/nas -o out --poll 30', 'a network mount'],
        ['kvz-cloud watch in -o out --match "*.mov" -- --qp 27', ''],
    ]);
}
