/** `kvz-cloud config`: its subcommands and options. */
import type { Command } from 'commander';
import type { CliContext, ServerFlags } from '../context.js';
import { addExamples, addServerOptions, makeDefault } from './common.js';

export interface ConfigFlags extends ServerFlags {
    json?: boolean;
}

export function addConfig(program: Command, context: CliContext): void {
    const command = program
        .command('config')
        .description('show and change the settings, and say where each comes from');

    const list = command
        .command('list', { isDefault: true })
        .description('show the effective settings, and where each comes from')
        .option('--json', 'one JSON document on stdout')
        .action(async (flags: ConfigFlags) => {
            const { listSettings } = await import('./config-action.js');
            listSettings(context, flags);
        });
    addServerOptions(list);
    makeDefault(list);
    addExamples(list, [['kvz-cloud config --json | jq .settings.server', '']]);

    const get = command
        .command('get')
        .description('print one effective setting; secrets, which the list leaves out, too')
        .argument('<setting>', 'its name')
        .action(async (name: string, flags: ServerFlags) => {
            const { getSetting } = await import('./config-action.js');
            getSetting(context, name, flags);
        });
    addServerOptions(get);
    addExamples(get, [['kvz-cloud config get workers', '']]);

    const set = command
        .command('set')
        .description('put a setting into the settings file')
        .argument('<setting>', 'its name')
        .argument('[value]', 'sizes as 8MiB or 50G, durations as 90s, 30m, 12h or 7d')
        .option('--from <file>', 'take the value from a file, or with - from stdin; for secrets')
        .action(async (name: string, value: string | undefined, { from }: { from?: string }) => {
            const { setSetting, valueOf } = await import('./config-action.js');
            setSetting(context, name, await valueOf(context, name, value, from));
        });
    addExamples(set, [
        ['kvz-cloud config set workers 2', 'counts from the next start of the daemon on'],
        [
            'pass metrics | kvz-cloud config set metricsToken --from -',
            'a secret, not for a command line',
        ],
    ]);

    const unset = command
        .command('unset')
        .description('take a setting out of the settings file')
        .argument('<setting>', 'its name')
        .action(async (name: string) => {
            const { setSetting } = await import('./config-action.js');
            setSetting(context, name, undefined);
        });
    addExamples(unset, [['kvz-cloud config unset workers', 'the default counts again']]);

    addExamples(command, [
        ['kvz-cloud config', ''],
        ['kvz-cloud config set workers 2', ''],
        ['kvz-cloud config --json | jq .settings.server', ''],
    ]);
}
