/** `kvz-cloud completion`: the script that makes a shell ask for completions. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import { COMPLETION_SCRIPTS, SHELL_NAMES } from '../completion/scripts.js';
import type { ShellName } from '../completion/scripts.js';
import type { CliContext } from '../context.js';
import { addExamples } from './common.js';

export function addCompletion(program: Command, context: CliContext): void {
    const command = program
        .command('completion')
        .description('print what a shell needs to complete commands, options, job ids and values')
        .addArgument(new Argument('<shell>', 'the shell').choices(SHELL_NAMES))
        .action((shell: ShellName) => {
            for (const line of COMPLETION_SCRIPTS[shell].trimEnd().split('\n')) context.print(line);
        });
    addExamples(command, [
        ['eval "$(kvz-cloud completion bash)"', 'in ~/.bashrc'],
        ['source <(kvz-cloud completion zsh)', 'in ~/.zshrc, after compinit'],
        ['kvz-cloud completion fish | source', 'in ~/.config/fish/config.fish'],
    ]);
}
