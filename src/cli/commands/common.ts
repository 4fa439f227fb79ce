/**
 * What many commands have in common: the options that name their daemon, and examples in their
 * help.
 */
import type { Command } from 'commander';
import { KvzError } from '../../protocol/errors.js';
import { suggest } from '../../suggest.js';

/** Options of all commands that talk to a daemon. */
export function addServerOptions(command: Command): Command {
    return command
        .option(
            '--server <url>',
            'the daemon to talk to (default: KVZ_CLOUD_SERVER, then context and settings)',
        )
        .option('--context <name>', 'the daemon of a context, see "kvz-cloud context"');
}

/** Examples below a command's help, as pairs of a command line and what it does. */
export function addExamples(command: Command, examples: readonly [string, string][]): Command {
    const width = Math.max(...examples.map(([line]) => line.length));
    const lines = examples.map(([line, meaning]) =>
        `  ${line.padEnd(width)}  ${meaning}`.trimEnd(),
    );
    return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/**
 * Makes a command the one that its group runs when none is named. What follows the group's name
 * and is no command of it would be taken as an argument of this one: it is refused by its name.
 */
export function makeDefault(command: Command): Command {
    return command.allowExcessArguments().hook('preAction', (_, { args, parent }) => {
        const [word] = args;
        if (word === undefined || !parent) return;
        const names = parent.commands.map((each) => each.name());
        const near = suggest(word, names);
        const hint = near ? `did you mean "${near}"?` : `only ${names.join(', ')}`;
        throw new KvzError('USAGE', `${parent.name()} has no command "${word}"; ${hint}`);
    });
}
