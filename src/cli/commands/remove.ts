import type { Command } from 'commander';
import type { CliContext, ServerFlags } from '../context.js';
import { addExamples, addServerOptions } from './common.js';

interface RemoveFlags extends ServerFlags {
    json?: boolean;
}

export function addRemove(program: Command, context: CliContext): void {
    const command = program
        .command('remove')
        .description('remove jobs and their results')
        .argument('<id...>', 'ids of jobs')
        .option('--json', 'one JSON document on stdout')
        .action(async (jobIds: string[], flags: RemoveFlags) => {
            const { forEachJob } = await import('./each-job.js');
            await forEachJob(context, jobIds, flags, async (client, jobId) => {
                await client.remove(jobId);
                return { line: `${jobId} is removed`, json: { id: jobId, removed: true } };
            });
        });
    addServerOptions(command);
    addExamples(command, [['kvz-cloud remove ID', 'the result is deleted at once']]);
}
