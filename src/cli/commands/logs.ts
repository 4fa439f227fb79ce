/** `kvz-cloud logs`: what the programs of a job wrote. */
import type { Command } from 'commander';
import type { CliContext, ServerFlags } from '../context.js';
import { addExamples, addServerOptions } from './common.js';

interface LogsFlags extends ServerFlags {
    json?: boolean;
}

export function addLogs(program: Command, context: CliContext): void {
    const command = program
        .command('logs')
        .description("show what a job's programs wrote")
        .argument('<id>', "the job's id")
        .option('--json', 'one JSON document on stdout')
        .action(async (jobId: string, flags: LogsFlags) => {
            const lines = await context.withClient(flags, (client) => client.logs(jobId));
            if (flags.json) context.printJson({ jobId, lines });
            else lines.forEach((line) => context.print(line));
        });
    addServerOptions(command);
    addExamples(command, [['kvz-cloud logs ID | grep kvazaar', '']]);
}
