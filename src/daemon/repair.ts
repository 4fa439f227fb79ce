/** Brings rows and files together again where a look at both has found that they disagree. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect, inspectWhileRunning, lostUploads, type Finding } from './consistency.js';
import type { Context } from './context.js';
import { dropResult } from './results/drop-result.js';
import { removeResultFiles } from './results/result-files.js';

/**
 * Repairs each as it is found.
 * @throws Error when it is the database that is damaged: no start can mend that
 */
async function repair(
    context: Context,
    findings: Iterable<Finding> | AsyncIterable<Finding>,
): Promise<void> {
    let strays = 0;
    for await (const finding of findings) {
        if (finding.kind === 'stray') strays += 1;
        else context.log.error({ finding }, 'rows and files disagree');
        await repairOne(context, finding);
    }
    if (strays > 0) context.log.info({ strays }, 'files that belonged to nothing are removed');
}

async function repairOne(context: Context, finding: Finding): Promise<void> {
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
        case 'database':
            throw new Error(
                `the database ${folders.database} is damaged (${finding.problem}); ` +
                    'put a backup in its place',
            );
    }
}

/** At every start: what work that goes on builds upon. */
export async function repairWork(context: Context): Promise<void> {
    const { store, folders } = context;
    for (const name of await readdir(folders.work)) {
        await rm(join(folders.work, name), { recursive: true, force: true });
    }
    await repair(context, lostUploads(store, folders));
}

/** After an unclean stop: everything is looked at before anything is done. */
export async function repairAll(context: Context): Promise<void> {
    const { store, folders } = context;
    const problem = store.problem();
    const findings = async function* (): AsyncGenerator<Finding> {
        if (problem === undefined) yield* inspect(store, folders, { isRunning: false });
        else yield { kind: 'database', problem };
    };
    await repair(context, findings());
}

/**
 * After a stop in good order only somebody else can have changed the data folder, so nobody waits
 * for the look at it: with 100,000 results it takes longer than all else at a start.
 * @param startedMs when the daemon started, ms since the epoch
 */
export class BackgroundRepair {
    readonly #stop = new AbortController();
    /** When the look is over, or was ended. */
    readonly ended: Promise<void>;

    constructor(context: Context, startedMs: number) {
        const { store, folders, log } = context;
        const findings = inspectWhileRunning(store, folders, startedMs, this.#stop.signal);
        this.ended = repair(context, findings).catch((error: unknown) =>
            log.error({ err: error }, 'rows and files could not be compared'),
        );
    }

    async stop(): Promise<void> {
        this.#stop.abort();
        await this.ended;
    }
}
