/** `cancel`, `retry` and `remove`: each does one thing to the jobs that are named. */
import type { Command } from 'commander';
import type { Client } from '../../client/client.js';
import type { CliContext, ServerFlags } from '../context.js';
import { addExamples, addServerOptions } from './common.js';

interface ChangeFlags extends ServerFlags {
    json?: boolean;
}

interface Change {
    name: string;
    description: string;
    examples: readonly [command: string, about: string][];
    /** Gives what is printed of the job, and its entry in the JSON document. */
    act: (client: Client, jobId: string) => Promise<{ line: string; json: unknown }>;
}

function addChange(program: Command, context: CliContext, change: Change): void {
    const command = program
        .command(change.name)
        .description(change.description)
        .argument('<id...>', 'ids of jobs')
        .option('--json', 'one JSON document on stdout')
        .action(async (jobIds: string[], flags: ChangeFlags) => {
            const { forEachJob } = await import('./each-job.js');
            await forEachJob(context, jobIds, flags, change.act);
        });
    addServerOptions(command);
    addExamples(command, change.examples);
}

export function addCancel(program: Command, context: CliContext): void {
    addChange(program, context, {
        name: 'cancel',
        description: 'cancel jobs that are not finished',
        examples: [['kvz-cloud cancel ID1 ID2', '']],
        act: async (client, jobId) => {
            const job = await client.cancel(jobId);
            return { line: `${jobId} is ${job.state}`, json: job };
        },
    });
}

export function addRetry(program: Command, context: CliContext): void {
    addChange(program, context, {
        name: 'retry',
        description: 'run failed, cancelled or expired jobs again',
        examples: [['kvz-cloud retry ID && kvz-cloud wait ID', '']],
        act: async (client, jobId) => {
            const job = await client.retry(jobId);
            return { line: `${jobId} is ${job.state}`, json: job };
        },
    });
}

export function addRemove(program: Command, context: CliContext): void {
    addChange(program, context, {
        name: 'remove',
        description: 'remove jobs and their results',
        examples: [['kvz-cloud remove ID', 'the result is deleted at once']],
        act: async (client, jobId) => {
            await client.remove(jobId);
            return { line: `${jobId} is removed`, json: { id: jobId, removed: true } };
        },
    });
}
