/** `kvz-cloud queue`: its pause. */
import type { Command } from 'commander';
import type { Pause } from '../../protocol/messages.js';
import type { CliContext, ServerFlags } from '../context.js';
import { addExamples, addServerOptions } from './common.js';
import { pauseText } from '../ui/pause-text.js';

interface QueueFlags extends ServerFlags {
    json?: boolean;
}

function tell(context: CliContext, flags: QueueFlags, paused: Pause | undefined): void {
    if (flags.json) context.printJson({ paused: paused ?? null });
    else context.print(paused ? pauseText(paused) : 'the queue goes on');
}

export function addQueue(program: Command, context: CliContext): void {
    const queue = program
        .command('queue')
        .description('pause the queue of a daemon, for its administrators');

    const pause = queue
        .command('pause')
        .description('start no further jobs, also after a restart; those that run go on')
        .option('--reason <text>', 'told to those who wait')
        .option('--json', 'one JSON document on stdout')
        .action(async (flags: QueueFlags & { reason?: string }) => {
            const { reason } = flags;
            const paused = await context.withClient(flags, (client) => client.pauseQueue(reason));
            tell(context, flags, paused);
        });
    addServerOptions(pause);
    addExamples(pause, [['kvz-cloud queue pause --reason "new disks on Friday"', '']]);

    const resume = queue
        .command('resume')
        .description('start jobs again')
        .option('--json', 'one JSON document on stdout')
        .action(async (flags: QueueFlags) => {
            const paused = await context.withClient(flags, (client) => client.resumeQueue());
            tell(context, flags, paused);
        });
    addServerOptions(resume);
    addExamples(resume, [['kvz-cloud queue resume', '']]);
    addExamples(queue, [
        ['kvz-cloud queue pause --reason "new disks on Friday"', ''],
        ['kvz-cloud queue resume', ''],
    ]);
}
