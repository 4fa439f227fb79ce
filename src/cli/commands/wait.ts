import type { Command } from 'commander';
import type { CliContext, ServerFlags } from '../context.js';
import { addExamples, addServerOptions } from './common.js';

interface WaitFlags extends ServerFlags {
    json?: boolean;
}

export function addWait(program: Command, context: CliContext): void {
    const command = program
        .command('wait')
        .description('wait until jobs have ended; the exit status is that of the worst')
        .argument('<id...>', 'ids of jobs')
        .option('--json', 'one JSON document on stdout')
        .action(async (jobIds: string[], flags: WaitFlags) => {
            const { waitForJobs } = await import('./wait-action.js');
            context.exitStatus = await waitForJobs(context, jobIds, flags);
        });
    addServerOptions(command);
    addExamples(command, [['kvz-cloud wait ID && kvz-cloud download ID', '']]);
}
