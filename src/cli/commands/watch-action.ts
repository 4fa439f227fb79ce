/** What `kvz-cloud watch` does. */
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdirSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { folderProblem } from '../../config/file-problem.js';
import { filesAtOnce } from '../../client/encode-batch.js';
import { outputUnwritable } from '../../client/output-path.js';
import { lockExclusively } from '../../config/exclusive-lock.js';
import { EXIT, KvzError } from '../../protocol/errors.js';
import type { ExitStatus } from '../../protocol/errors.js';
import type { CliContext } from '../context.js';
import { interruptible } from '../interrupt.js';
import { StepSummary } from '../ui/step-summary.js';
import { openWatchView } from '../ui/watch-view.js';
import type { WatchView } from '../ui/watch-view.js';
import { Candidates } from '../watch/candidates.js';
import { ClientKeeper } from '../watch/client-keeper.js';
import { Disposal } from '../watch/disposal.js';
import { FileWork } from '../watch/file-work.js';
import { Journal } from '../watch/journal.js';
import { Outputs } from '../watch/outputs.js';
import { Watch } from '../watch/watch.js';
import type { WatchCounts } from '../watch/watch.js';
import { buildRequest, findProfile } from './build-request.js';
import type { WatchFlags } from './watch.js';

/** The folders of a watch, absolute; the watched one without links. */
interface Folders {
    root: string;
    output: string;
    done: string;
    failed: string;
}

async function findFolders(folder: string, flags: WatchFlags): Promise<Folders> {
    let root: string;
    try {
        root = await realpath(folder);
        if (!(await stat(root)).isDirectory()) {
            throw new KvzError('USAGE', `${folder}: is not a folder`);
        }
    } catch (error) {
        if (error instanceof KvzError) throw error;
        throw new KvzError('INPUT_UNREADABLE', `${folder}: ${folderProblem(error)}`);
    }
    // What leads to the same place by a link must be known as the same.
    const real = async (path: string): Promise<string> => realpath(path).catch(() => resolve(path));
    return {
        root,
        output: await real(flags.output),
        done: await real(flags.doneDir ?? join(root, 'done')),
        failed: await real(flags.failedDir ?? join(root, 'failed')),
    };
}

/** @throws KvzError USAGE when another watch has this folder */
function openJournal(watchDir: string, root: string): { journal: Journal; unlock: () => void } {
    try {
        mkdirSync(watchDir, { recursive: true, mode: 0o700 });
    } catch (error) {
        throw outputUnwritable(watchDir, error);
    }
    const name = createHash('sha256').update(root).digest('hex').slice(0, 32);
    const unlock = lockExclusively(join(watchDir, `${name}.lock`));
    if (!unlock) throw new KvzError('USAGE', `${root}: another kvz-cloud watches this folder`);
    try {
        return { journal: new Journal(join(watchDir, `${name}.journal`), root), unlock };
    } catch (error) {
        unlock();
        throw error;
    }
}

function checkFlags(flags: WatchFlags): void {
    if (flags.timeout !== undefined && !flags.once) {
        throw new KvzError('USAGE', '--timeout is for --once: a watch without it has no end');
    }
    if (flags.doneDir !== undefined && flags.onDone !== 'move') {
        throw new KvzError('USAGE', '--done-dir is for --on-done move');
    }
}

/** @returns the exit status */
export async function runWatch(
    context: CliContext,
    folder: string,
    flags: WatchFlags,
): Promise<ExitStatus> {
    checkFlags(flags);
    const folders = await findFolders(folder, flags);
    const { journal, unlock } = openJournal(context.paths.watchDir, folders.root);
    const view = openWatchView({
        wish: flags.progress,
        json: flags.json ?? false,
        folder,
        print: (line) => context.print(line),
        say: (message) => context.say(message),
        env: context.env,
    });
    // A watch without an end would gather rows for ever.
    const summary = flags.once ? new StepSummary('kvz-cloud watch', context.env) : undefined;
    try {
        const counts = await interruptible(
            (signal) => watchFolder(context, flags, folders, journal, view, summary, signal),
            flags.timeout,
        );
        return counts.failed > 0 ? EXIT.jobFailed : EXIT.done;
    } finally {
        view.close();
        const problem = summary?.write();
        if (problem !== undefined) context.say(problem);
        journal.close();
        unlock();
    }
}

async function watchFolder(
    context: CliContext,
    flags: WatchFlags,
    folders: Folders,
    journal: Journal,
    view: WatchView,
    summary: StepSummary | undefined,
    signal: AbortSignal,
): Promise<WatchCounts> {
    // Each file under way listens to it several times.
    setMaxListeners(0, signal);
    const { root, output, done, failed } = folders;
    const { once = false, recursive = false, raw = false, onDone } = flags;
    const profile = findProfile(context, flags.profile);
    const container = flags.container ?? profile.container ?? 'mkv';
    const request = await buildRequest(flags, profile, container, context.afterDashes ?? [], {
        failOnDuplicate: false,
        force: false,
        detach: false,
    });
    const outputs = new Outputs(root, output, container);
    await outputs.makeFolder();
    const clients = new ClientKeeper(() =>
        context.connect(flags, {
            startDaemon: true,
            signal,
            // Who watches waits for the daemon, however long it is away.
            ...(once ? {} : { patience: { giveUpMs: Number.POSITIVE_INFINITY } }),
            onAway: (reason) =>
                view.notice(
                    reason
                        ? `${reason.message}; waiting for the daemon`
                        : 'the daemon is there again',
                ),
        }),
    );
    try {
        const client = await clients.get();
        if (client.versionNote !== undefined) view.notice(client.versionNote);
        await client.validate(request.options, request.raw);
        const disposal = new Disposal({ root, onDone, doneFolder: done, failedFolder: failed });
        const watch = new Watch({
            ...{ root, recursive, once, outputs, disposal, signal },
            settleMs: flags.settle * 1000,
            filesAtOnce: filesAtOnce(client.services),
            pollMs: flags.poll === undefined ? undefined : flags.poll * 1000,
            candidates: new Candidates({
                ...{ root, recursive, raw, match: flags.match },
                apart: [output, done, failed],
            }),
            makeWork: (workSignal) =>
                new FileWork({
                    ...{ root, request, clients, journal, outputs, disposal },
                    signal: workSignal,
                }),
            tell: (event, file) => {
                view.event(event, file);
                if (file !== undefined) summary?.event(file, event);
            },
            notice: (message) => view.notice(message),
        });
        view.event({ event: 'watching', folder: root, output });
        view.follow(() => watch.counts);
        try {
            return await watch.run();
        } finally {
            const { done: encoded, known, failed: bad, left } = watch.counts;
            view.event({ event: 'ended', done: encoded, known, failed: bad, left });
        }
    } finally {
        await clients.close();
    }
}
