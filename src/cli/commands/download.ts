/** `kvz-cloud download`: its options. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { CliContext, ServerFlags } from '../context.js';
import { addExamples, addServerOptions } from './common.js';

export interface DownloadFlags extends ServerFlags {
    output?: string;
    force?: boolean;
    url?: boolean;
    json?: boolean;
}

export function addDownload(program: Command, context: CliContext): void {
    const command = program
        .command('download')
        .description('fetch the result of a job; one that was interrupted goes on where it was')
        .argument('<id>', "the job's id")
        .option(
            '-o, --output <path>',
            'file, folder/, or - for stdout (default: the result’s own name, here)',
        )
        .option('-f, --force', 'replace an output that is there')
        .addOption(
            new Option(
                '--url',
                'print an address for a browser or curl instead: good once, for a minute',
            ).conflicts(['output', 'force']),
        )
        .option('--json', 'one JSON document on stdout')
        .action(async (jobId: string, flags: DownloadFlags) => {
            const { downloadResult } = await import('./download-action.js');
            await downloadResult(context, jobId, flags);
        });
    addServerOptions(command);
    addExamples(command, [
        ['kvz-cloud download ID', ''],
        ['kvz-cloud download ID -o results/', 'into a folder, which is made where it is missing'],
        ['kvz-cloud download ID -o - | ffplay -', ''],
        ['curl -OJ "$(kvz-cloud download ID --url)"', 'by another program, without a token'],
    ]);
}
