import type { Command } from 'commander';
import type { CliContext, ServerFlags } from '../context.js';
import { addExamples, addServerOptions } from './common.js';

interface CancelFlags extends ServerFlags {
    json?: boolean;
}

export function addCancel(program: Command, context: CliContext): void {
    const command = program
        .command('cancel')
        .description('cancel jobs that are not finished')
        .argument('<id...>', 'ids of jobs')
        .option('--json', 'one JSON document on stdout')
        .action(async (jobIds: string[], flags: CancelFlags) => {
            const { forEachJob } = await import('./each-job.js');
            await forEachJob(context, jobIds, flags, async (client, jobId) => {
                const job = await client.cancel(jobId);
                return { line: `${jobId} is ${job.state}`, json: job };
            });
        });
    addServerOptions(command);
    addExamples(command, [['kvz-cloud cancel ID1 ID2', '']]);
}
