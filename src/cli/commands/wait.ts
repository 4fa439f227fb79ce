/** `kvz-cloud wait`: its options. */
import type { Command } from 'commander';
import type { CliContext, ServerFlags } from '../context.js';
import { addExamples, addServerOptions } from './common.js';
import { addTimeout } from './timeout-option.js';

export interface WaitFlags extends ServerFlags {
    /** Seconds. */
    timeout?: number;
    json?: boolean;
}

export function addWait(program: Command, context: CliContext): void {
    const command = program
        .command('wait')
        .description('wait until jobs have ended; the exit status is that of the worst')
        .argument('<id...>', 'ids of jobs')
        .option('--json', 'one JSON document on stdout');
    addTimeout(
        command,
        'give up after this time, such as 90s or 2h, with exit 124; jobs go on',
    ).action(async (jobIds: string[], flags: WaitFlags) => {
        const { waitForJobs } = await import('./wait-action.js');
        context.exitStatus = await waitForJobs(context, jobIds, flags);
    });
    addServerOptions(command);
    addExamples(command, [
        ['kvz-cloud wait ID && kvz-cloud download ID', ''],
        ['kvz-cloud wait ID1 ID2 --timeout 30m', 'the exit status is that of the worst'],
    ]);
}
