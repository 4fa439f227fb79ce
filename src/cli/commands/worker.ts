/** `kvz-cloud worker`: its options. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { size } from '../../config/setting-values.js';
import type { CliContext } from '../context.js';
import { addExamples, addServerOptions } from './common.js';

export interface WorkerFlags {
    server?: string;
    context?: string;
    queue?: string;
    tokenFile?: string;
    name?: string;
    workers?: string;
    threads?: string;
    niceness?: string;
    dir?: string;
    cacheSize: number;
    sharedDir?: string;
    sharedResults?: boolean;
}

function bytes(text: string): number {
    try {
        return size(0)(text);
    } catch (error) {
        throw new InvalidArgumentError(`${(error as Error).message}.`);
    }
}

export function addWorker(program: Command, context: CliContext): void {
    const worker = program
        .command('worker')
        .description('encode on this machine for a daemon on another one, through a shared queue')
        .option('--queue <address>', 'redis://HOST/… as the daemon has it; or KVZ_CLOUD_QUEUE');
    addServerOptions(worker)
        .option(
            '--token-file <file>',
            'holds a token with the role "worker"; or KVZ_CLOUD_TOKEN has it',
        )
        .option('--name <name>', 'of this worker; by default the name of the machine')
        .option('--workers <n>', 'jobs at a time')
        .option('--threads <n>', 'cores that its jobs share; 0 means all of them')
        .option('--niceness <n>', 'how far the encoding programs step back, 0 to 19')
        .option('--dir <folder>', 'where sources and results are kept meanwhile')
        .addOption(
            new Option('--cache-size <size>', 'of sources that are kept for later jobs')
                .argParser(bytes)
                .default(50_000_000_000, '50G'),
        )
        .option('--shared-dir <folder>', "where the daemon's data folder is mounted here")
        .option('--shared-results', 'put results there, too, instead of sending them')
        .action(async (flags: WorkerFlags) => {
            const { startWorker } = await import('./worker-action.js');
            await startWorker(context, flags);
        });
    addExamples(worker, [
        [
            'kvz-cloud worker --queue redis://lab/0 --server https://lab:8265 --token-file worker.token',
            '',
        ],
    ]);
}
