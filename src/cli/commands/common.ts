import type { Command } from 'commander';

/** Options of all commands that talk to a daemon. */
export function addServerOptions(command: Command): Command {
    return command.option(
        '--server <url>',
        'the daemon to talk to (default: KVZ_CLOUD_SERVER, then the settings)',
    );
}

/** Examples below a command's help, as pairs of a command line and what it does. */
export function addExamples(command: Command, examples: readonly [string, string][]): Command {
    const width = Math.max(...examples.map(([line]) => line.length));
    const lines = examples.map(([line, meaning]) =>
        `  ${line.padEnd(width)}  ${meaning}`.trimEnd(),
    );
    return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}
