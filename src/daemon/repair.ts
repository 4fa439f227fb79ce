/** Brings rows and files together again where a look at both has found that they disagree. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectWhileRunning, lostUploads, type Disagreement } from './consistency.js';
import type { Context } from './context.js';
import { dropResult } from './results/drop-result.js';
import { removeResultFiles } from './results/result-files.js';

/** Repairs each as it is found. */
async function repair(
    context: Context,
    findings: Iterable<Disagreement> | AsyncIterable<Disagreement>,
): Promise<void> {
    let strays = 0;
    for await (const finding of findings) {
        if (finding.kind === 'stray') strays += 1;
        else context.log.error({ finding }, 'rows and files disagree');
        await repairOne(context, finding);
    }
    if (strays > 0) context.log.info({ strays }, 'files that belonged to nothing are removed');
}

async function repairOne(context: Context, finding: Disagreement): Promise<void> {
    const { store, folders } = context;
    switch (finding.kind) {
        case 'stray':
            await rm(finding.path, { recursive: true, force: true });
            break;
        case 'source-lost':
            store.files.remove(finding.id);
            break;
        case 'upload-lost': {
            const leaves = store.uploads.leavesOf(finding.id).map(({ index }) => index);
            store.uploads.settleSuspect(finding.id, leaves);
            break;
        }
        case 'result-lost':
            await dropResult(context, finding.id, {
                code: 'RESULT_LOST',
                message: 'the result has vanished from the disk of the daemon; encode it again',
            });
            break;
        case 'result-unused':
            store.results.dropUnused(finding.id);
            await removeResultFiles(folders, finding.id);
            break;
        case 'job-without-result':
            store.jobs.transition(finding.id, 'expired', Date.now(), {}, ['ready']);
            break;
    }
}

/** Before anything else: what work that goes on builds upon. */
export async function repairWork(context: Context): Promise<void> {
    const { store, folders } = context;
    for (const name of await readdir(folders.work)) {
        await rm(join(folders.work, name), { recursive: true, force: true });
    }
    await repair(context, lostUploads(store, folders));
}

/**
 * Compares all else while the daemon is at work, whatever ended the one before it: nobody waits for
 * it, as with 100,000 results it takes longer than all else at a start. Whoever needs a source or a
 * result meanwhile looks for it first, see vanished.ts.
 * @param startedMs ms since the epoch; what is newer on the disk is this daemon's own
 */
export class BackgroundRepair {
    readonly #stop = new AbortController();
    /** When the look is over, or was ended. */
    readonly ended: Promise<void>;

    constructor(context: Context, startedMs: number) {
        this.ended = this.#run(context, startedMs).catch((error: unknown) =>
            context.log.error({ err: error }, 'rows and files could not be compared'),
        );
    }

    async #run(context: Context, startedMs: number): Promise<void> {
        const { store, folders, log } = context;
        const { signal } = this.#stop;
        await repair(context, inspectWhileRunning(store, folders, startedMs, signal));
        if (!signal.aborted) log.info('rows and files are compared');
    }

    async stop(): Promise<void> {
        this.#stop.abort();
        await this.ended;
    }
}
