/** `kvz-cloud prioritise`: another priority for jobs that wait. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { CliContext, ServerFlags } from '../context.js';
import { addExamples, addServerOptions } from './common.js';
import { priority } from './encode-options.js';

interface PrioritiseFlags extends ServerFlags {
    json?: boolean;
    priority: number;
}

export function addPrioritise(program: Command, context: CliContext): void {
    const command = program
        .command('prioritise')
        .description('change the priority of jobs that wait')
        .argument('<id...>', 'ids of jobs')
        .addOption(
            new Option('--priority <n>', 'higher runs first, -100 to 100')
                .argParser(priority)
                .makeOptionMandatory(),
        )
        .option('--json', 'one JSON document on stdout')
        .action(async (jobIds: string[], flags: PrioritiseFlags) => {
            const { forEachJob } = await import('./each-job.js');
            await forEachJob(context, jobIds, flags, async (client, jobId) => {
                const job = await client.prioritise(jobId, flags.priority);
                const { position } = job.forecast ?? {};
                const place = position === undefined ? '' : `, no. ${position} in the queue`;
                return { line: `${jobId} has priority ${job.priority}${place}`, json: job };
            });
        });
    addServerOptions(command);
    addExamples(command, [['kvz-cloud prioritise ID1 ID2 --priority 10', '']]);
}
