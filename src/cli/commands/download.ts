import type { Command } from 'commander';
import type { CliContext, ServerFlags } from '../context.js';
import { addExamples, addServerOptions } from './common.js';

export interface DownloadFlags extends ServerFlags {
    output?: string;
    force?: boolean;
    json?: boolean;
}

export function addDownload(program: Command, context: CliContext): void {
    const command = program
        .command('download')
        .description('fetch the result of a job')
        .argument('<id>', "the job's id")
        .option('-o, --output <path>', 'file or folder (default: the result’s own name, here)')
        .option('-f, --force', 'replace an output that is there')
        .option('--json', 'one JSON document on stdout')
        .action(async (jobId: string, flags: DownloadFlags) => {
            const { downloadResult } = await import('./download-action.js');
            await downloadResult(context, jobId, flags);
        });
    addServerOptions(command);
    addExamples(command, [
        ['kvz-cloud download ID', ''],
        ['kvz-cloud download ID -o results/', 'into a folder'],
    ]);
}
