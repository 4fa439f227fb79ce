/** `kvz-cloud man`: the manual page. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { packageFile } from '../../package-file.js';
import { EXIT } from '../../protocol/errors.js';
import type { CliContext } from '../context.js';
import { addExamples } from './common.js';

/** npm does not put manual pages where `man` looks. */
export function addMan(program: Command, context: CliContext): void {
    const command = program
        .command('man')
        .description('read the manual page')
        .option('--path', 'only print where it is')
        .action(async (flags: { path?: boolean }) => {
            const page = fileURLToPath(packageFile('man/kvz-cloud.1'));
            if (flags.path) return context.print(page);
            const status = await new Promise<number | null>((resolve) => {
                // With a slash in it, what man is given is a file.
                const child = spawn('man', [page], { stdio: 'inherit', env: context.env });
                child.once('error', () => resolve(null));
                child.once('exit', resolve);
            });
            if (status === 0) return undefined;
            const text = fileURLToPath(packageFile('docs/CLI.md'));
            context.say(`"man" does not show the page here; ${text} has the same text`);
            context.exitStatus = EXIT.internal;
            return undefined;
        });
    addExamples(command, [
        ['kvz-cloud man', ''],
        ['sudo ln -s "$(kvz-cloud man --path)" /usr/local/share/man/man1/', 'for "man kvz-cloud"'],
    ]);
}
