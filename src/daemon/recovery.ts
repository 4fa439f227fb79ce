/** What a daemon does before it takes work, so that whatever ended the one before it costs nothing. */
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileIdFromLeaves, leafDigest } from '../protocol/file-id.js';
import { RUNNING_STATES } from '../protocol/job-state.js';
import { LEAF_BYTES } from '../protocol/limits.js';
import type { Context } from './context.js';
import { endLeftoverPrograms } from './leftover-programs.js';
import { jobLogger } from './observe/job-lines.js';
import type { DaemonFailure } from '../protocol/job-failures.js';
import { repairWork } from './repair.js';
import type { LastEnd } from './store/index.js';
import { completeUpload } from './uploads/complete.js';
import { settleSuspect } from './uploads/suspect.js';

/** Ends of the daemon after which a job that ran each time is not tried again. */
const MAX_CRASHES = 3;

/** What must be so before anybody is listened to; the rest is compared later, see repair.ts. */
export async function recover(context: Context, lastEnd: LastEnd): Promise<void> {
    const { store, log } = context;
    const unclean = lastEnd !== 'in-order';
    // Of a process that was killed the operating system has kept every write, and SQLite mends
    // what was half done. What a machine that lost its power has on its disk has to be seen.
    if (lastEnd === 'system-down') checkDatabase(context);
    if (unclean) {
        const programs = await endLeftoverPrograms(resolve(context.folders.work));
        log.warn({ programs, lastEnd }, 'the last daemon did not end in good order');
        store.uploads.markAllSuspect();
        await checkUnsyncedSources(context);
    }
    requeueRunningJobs(context, unclean);
    await repairWork(context);
    // The last chunk may have been stored without the upload having been ended.
    for (const upload of store.uploads.allOpen()) {
        if (!store.uploads.isFull(upload)) continue;
        const settled = await settleSuspect(context, upload);
        if (store.uploads.isFull(settled)) await completeUpload(context, settled);
    }
}

/** @throws Error when the database is damaged: no start can mend that */
function checkDatabase({ store, folders }: Context): void {
    const problem = store.problem();
    if (problem === undefined) return;
    throw new Error(
        `the database ${folders.database} is damaged (${problem}); put a backup in its place`,
    );
}

/** Jobs that a worker held go back to the queue; the attempt is counted when they start again. */
function requeueRunningJobs({ store, log, remote }: Context, unclean: boolean): void {
    const now = Date.now();
    for (const job of store.jobs.inStates(RUNNING_STATES)) {
        // It goes on elsewhere, and its worker will be heard of.
        if (remote && job.worker !== undefined) continue;
        const crashes = job.crashes + (unclean ? 1 : 0);
        if (crashes >= MAX_CRASHES) {
            const message = `the daemon was killed ${crashes} times while this job ran`;
            const failure = { code: 'DAEMON_CRASHED', message } satisfies DaemonFailure;
            store.jobs.transition(job.id, 'failed', now, { failure }, RUNNING_STATES);
            jobLogger(log, job).error({ crashes }, message);
            continue;
        }
        store.jobs.transition(job.id, 'queued', now, { crashed: unclean }, RUNNING_STATES);
        jobLogger(log, job).info({ was: job.state }, 'job goes back to the queue');
    }
}

/** A source that was not yet on the disk itself is read again, and forgotten if it is damaged. */
async function checkUnsyncedSources({ store, folders, log }: Context): Promise<void> {
    for (const file of store.files.unsynced()) {
        const actual = await readFileId(join(folders.sources, file.storage));
        if (actual === file.id) {
            store.files.markSynced(file.id);
        } else {
            log.error({ file: file.id }, 'a source did not survive the last stop');
            store.files.remove(file.id);
        }
    }
}

async function readFileId(path: string): Promise<string | undefined> {
    const digests: Buffer[] = [];
    let size = 0;
    try {
        const handle = await open(path);
        try {
            const buffer = Buffer.alloc(LEAF_BYTES);
            for (;;) {
                const { bytesRead } = await handle.read(buffer, 0, LEAF_BYTES, size);
                if (bytesRead === 0) break;
                digests.push(leafDigest(buffer.subarray(0, bytesRead)));
                size += bytesRead;
            }
        } finally {
            await handle.close();
        }
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
    }
    return fileIdFromLeaves(size, Buffer.concat(digests));
}
