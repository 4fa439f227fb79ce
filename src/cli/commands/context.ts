/** `kvz-cloud context`: its subcommands and options. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { addExamples, makeDefault } from './common.js';

export interface AddContextFlags {
    server: string;
    tokenFile?: string;
    ca?: string;
    force?: boolean;
    use?: boolean;
}

export function addContext(program: Command, context: CliContext): void {
    const command = program
        .command('context')
        .description('name daemons, and choose the one that commands talk to');

    const add = command
        .command('add')
        .description('give a daemon a name')
        .argument('<name>', 'letters, digits, "_", "." and "-"')
        .requiredOption('--server <url>', 'http(s)://HOST:PORT')
        .option('--token-file <file>', 'where its token is; - takes it from stdin and keeps it')
        .option('--ca <file>', 'authorities (PEM) that its certificate must be of')
        .option('-f, --force', 'replace a context of this name')
        .option('--use', 'make it the current one')
        .action(async (name: string, flags: AddContextFlags) => {
            const { addNamedContext } = await import('./context-action.js');
            await addNamedContext(context, name, flags);
        });
    addExamples(add, [
        ['kvz-cloud context add studio --server https://studio:8265 --token-file ~/.studio', ''],
        [
            'kvz-cloud context add studio --server https://studio:8265 --ca studio-ca.pem',
            'a certificate of a private authority',
        ],
        ['pass kvz-cloud | kvz-cloud context add lab --server http://lab:8265 --token-file -', ''],
    ]);

    const use = command
        .command('use')
        .description('choose the daemon that commands talk to; "default" is this machine\'s')
        .argument('<context>', 'the name of a context, or default')
        .action(async (name: string) => {
            const { useContext } = await import('./context-action.js');
            useContext(context, name);
        });
    addExamples(use, [
        ['kvz-cloud context use studio', ''],
        ['KVZ_CLOUD_CONTEXT=studio kvz-cloud jobs', 'for one command'],
    ]);

    const list = command
        .command('list', { isDefault: true })
        .description('list the contexts; * marks the one that counts')
        .option('--json', 'one JSON document on stdout')
        .action(async (flags: { json?: boolean }) => {
            const { listContexts } = await import('./context-action.js');
            listContexts(context, flags);
        });
    makeDefault(list);
    addExamples(list, [['kvz-cloud context', '']]);

    const remove = command
        .command('remove')
        .description('forget contexts, and the tokens kept for them')
        .argument('<context...>', 'names of contexts')
        .action(async (names: string[]) => {
            const { removeContexts } = await import('./context-action.js');
            removeContexts(context, names);
        });
    addExamples(remove, [['kvz-cloud context remove studio', '']]);

    addExamples(command, [
        ['kvz-cloud context add studio --server https://studio:8265 --token-file -', ''],
        ['kvz-cloud context use studio', ''],
        ['kvz-cloud jobs --context studio', ''],
    ]);
}
