/** `kvz-cloud top`: its options. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { addExamples, addServerOptions } from './common.js';
import type { TopFlags } from './top-action.js';

export function addTop(program: Command, context: CliContext): void {
    const command = program
        .command('top')
        .description('live view of the queue: what runs, waits and has ended; ? shows its keys')
        .option('-a, --all', "every user's jobs, for administrators of the daemon")
        .option('--once', 'print it once instead, as without a terminal')
        .option('--json', 'one JSON document on stdout')
        .action(async (flags: TopFlags) => {
            const { showTop } = await import('./top-action.js');
            await showTop(context, flags);
        });
    addServerOptions(command);
    addExamples(command, [
        ['kvz-cloud top', 'q leaves, jobs go on'],
        ['kvz-cloud top --once', ''],
        ['kvz-cloud top --json | jq .stats.queued', ''],
    ]);
}
