import type { Command } from 'commander';
import type { CliContext, ServerFlags } from '../context.js';
import { addExamples, addServerOptions } from './common.js';

interface RetryFlags extends ServerFlags {
    json?: boolean;
}

export function addRetry(program: Command, context: CliContext): void {
    const command = program
        .command('retry')
        .description('run failed, cancelled or expired jobs again')
        .argument('<id...>', 'ids of jobs')
        .option('--json', 'one JSON document on stdout')
        .action(async (jobIds: string[], flags: RetryFlags) => {
            const { forEachJob } = await import('./each-job.js');
            await forEachJob(context, jobIds, flags, async (client, jobId) => {
                const job = await client.retry(jobId);
                return { line: `${jobId} is ${job.state}`, json: job };
            });
        });
    addServerOptions(command);
    addExamples(command, [['kvz-cloud retry ID && kvz-cloud wait ID', '']]);
}
