/** What `kvz-cloud worker` does. */
import { availableParallelism } from 'node:os';
import { resolveAccess } from '../../client/access.js';
import { tokenOfFile } from '../../client/token.js';
import { KvzError } from '../../protocol/errors.js';
import type { CliContext } from '../context.js';
import type { WorkerFlags } from './worker.js';

export async function startWorker(context: CliContext, flags: WorkerFlags): Promise<void> {
    const { server, token, ca } = resolveAccess(flags, context.env);
    const { queue, workers, threads, niceness } = context.settings({
        queue: flags.queue,
        workers: flags.workers,
        threads: flags.threads,
        niceness: flags.niceness,
    }).values;
    if (queue === '') {
        throw new KvzError('USAGE', 'no queue: give the one of the daemon with --queue redis://…');
    }
    if (workers === 0) throw new KvzError('USAGE', '--workers 0: a worker runs at least one job');
    const { sharedDir, sharedResults = false } = flags;
    if (sharedResults && sharedDir === undefined) {
        throw new KvzError('USAGE', '--shared-results: say where with --shared-dir FOLDER');
    }
    await context.host.runWorker({
        server,
        token: flags.tokenFile === undefined ? token : tokenOfFile(flags.tokenFile),
        ca,
        queue,
        name: flags.name,
        slots: workers,
        threads: threads || availableParallelism(),
        niceness,
        folder: flags.dir ?? context.paths.workerDir,
        cacheBytes: flags.cacheSize,
        sharedDir,
        sharesResults: sharedResults,
        onLine: (line) => context.say(line),
    });
}
