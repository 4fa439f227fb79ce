/** `kvz-cloud doctor`: its options. */
import type { Command } from 'commander';
import type { CliContext, ServerFlags } from '../context.js';
import { addExamples, addServerOptions } from './common.js';

export interface DoctorFlags extends ServerFlags {
    fix?: boolean;
    json?: boolean;
}

export function addDoctor(program: Command, context: CliContext): void {
    const command = program
        .command('doctor')
        .description('check programs, disk and daemon')
        .option('--fix', 'install what is missing')
        .option('--json', 'one JSON document on stdout')
        .action(async (flags: DoctorFlags) => {
            const { runDoctor } = await import('./doctor-action.js');
            await runDoctor(context, flags);
        });
    addServerOptions(command);
    addExamples(command, [['kvz-cloud doctor --fix', 'gets ffmpeg, kvazaar and mkvmerge']]);
}
