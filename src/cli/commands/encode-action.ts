/** What `kvz-cloud encode` does. */
import { KvzError } from '../../protocol/errors.js';
import type { ExitStatus } from '../../protocol/errors.js';
import { abortError } from '../../client/abort-error.js';
import { BatchControl } from '../../client/batch-control.js';
import { checkFiles, emitError, encodeBatch } from '../../client/encode-batch.js';
import type { BatchFile, Failures, OnEvent } from '../../client/encode-batch.js';
import type { EncodeRequest } from '../../client/encode-request.js';
import type { Client } from '../../client/client.js';
import type { Input } from '../../client/input-list.js';
import { Spool } from '../../client/spool.js';
import { isRawName } from '../../client/video-files.js';
import type { CliContext } from '../context.js';
import { pauseNotice } from '../ui/pause-text.js';
import { interruptible } from '../interrupt.js';
import { StepSummary } from '../ui/step-summary.js';
import { chooseView, openView } from '../ui/view.js';
import type { EncodeView, ViewName } from '../ui/view.js';
import { worstStatus } from '../worst-status.js';
import { buildRequest, findProfile } from './build-request.js';
import { checkStreams, findInputs, planFiles } from './encode-inputs.js';
import type { EncodeFlags } from './encode.js';
import { STANDARD_STREAM } from './standard-stream.js';

/** One run of the command. */
interface Run {
    context: CliContext;
    flags: EncodeFlags;
    inputs: readonly Input[];
    spool: Spool;
    view: EncodeView;
    summary: StepSummary;
    failures: Failures;
    control: BatchControl;
    /** Called when there is a connection. */
    onClient: (client: Client) => void;
    signal: AbortSignal;
}

/** The inputs; arguments as they stand when something is wrong with them, and what that is. */
async function findInputsOrProblem(
    args: readonly string[],
    flags: EncodeFlags,
): Promise<{ inputs: readonly Input[]; problem?: KvzError }> {
    try {
        return { inputs: await findInputs(args, flags) };
    } catch (error) {
        if (!(error instanceof KvzError)) throw error;
        return { inputs: args.map((file) => ({ file })), problem: error };
    }
}

function viewName(flags: EncodeFlags, env: NodeJS.ProcessEnv): ViewName | 'json' {
    if (flags.json) return 'json';
    if (flags.dryRun) return 'plain';
    return chooseView(flags.progress, env, { stdoutIsData: flags.output === STANDARD_STREAM });
}

/** @returns the exit status; every failure has been told */
export async function runEncode(
    context: CliContext,
    args: readonly string[],
    flags: EncodeFlags,
): Promise<ExitStatus> {
    checkStreams(args, flags);
    const { inputs, problem } = await findInputsOrProblem(args, flags);
    const summary = new StepSummary('kvz-cloud encode', context.env);
    const failures: Failures = new Map();
    const control = new BatchControl();
    const spool = new Spool(context.paths.cacheDir);
    const toStdout = flags.output === STANDARD_STREAM;
    await interruptible(async (signal, interrupt) => {
        let client: Client | undefined;
        const view = await openView(viewName(flags, context.env), {
            files: inputs.map(({ file }) => file),
            print: (line) => (toStdout ? context.say(line) : context.print(line)),
            say: (message) => context.say(message),
            env: context.env,
            quiet: flags.quiet ?? false,
            actions: {
                cancel: (indices) => control.cancel(indices),
                detach: () => control.detach(),
                leave: interrupt,
                log: async (jobId) => (await client?.logs(jobId)) ?? [],
            },
        });
        const onClient = (connected: Client): void => void (client = connected);
        const common = { context, flags, inputs, spool, view, summary, failures };
        const run = { ...common, control, onClient, signal };
        try {
            await encodeAll(run, problem);
        } finally {
            await view.close();
            await spool.remove();
        }
    }, flags.timeout);
    const problemOfSummary = summary.write();
    if (problemOfSummary !== undefined) context.say(problemOfSummary);
    tellFailures(context, inputs, failures);
    return worstStatus([...failures.values()].map(({ exit }) => exit));
}

/** What ends the command before a file is begun ends it for all of them. */
async function encodeAll(run: Run, problem: KvzError | undefined): Promise<void> {
    const { context, flags, inputs, view, summary, failures, signal } = run;
    const onEvent: OnEvent = (ref, event) => {
        view.event(ref, event);
        summary.event(ref.file, event);
    };
    try {
        if (problem) throw problem;
        const profile = findProfile(context, flags.profile);
        const plan = await planFiles(run, profile);
        const request = await buildRequest(
            flags,
            profile,
            plan.container,
            context.afterDashes ?? [],
            {
                failOnDuplicate: flags.failOnDuplicate ?? false,
                force: flags.force ?? false,
                detach: flags.detach ?? false,
            },
        );
        if (flags.dryRun) return await planGood(run, plan.files, request, onEvent);
        // Who detaches gets nothing now that could lie on something else.
        const mayExist = request.force || request.detach;
        const good = await checkFiles(plan.files, mayExist, failures);
        for (const file of plan.files) {
            const error = failures.get(file.index);
            if (error) emitError(onEvent, file, error);
        }
        if (good.length > 0) await encodeGood(run, good, request, onEvent);
    } catch (error) {
        const cause = signal.aborted ? abortError(signal) : error;
        if (!(cause instanceof KvzError)) throw cause;
        for (const [index, { file }] of inputs.entries()) {
            if (failures.has(index)) continue;
            failures.set(index, cause);
            emitError(onEvent, { index, file }, cause);
        }
    }
}

/** Connects, and has the options checked before a file is read. */
async function withDaemon(
    { context, flags, view, signal, onClient }: Run,
    request: EncodeRequest,
    work: (client: Client) => Promise<void>,
): Promise<void> {
    const client = await context.connect(flags, {
        startDaemon: true,
        signal,
        onPause: (pause) => view.notice(pauseNotice(pause)),
        onAway: (reason) =>
            view.notice(
                reason ? `${reason.message}; waiting for the daemon` : 'the daemon is there again',
            ),
    });
    try {
        onClient(client);
        if (client.versionNote !== undefined) view.notice(client.versionNote);
        await client.validate(request.options, request.raw);
        await work(client);
    } finally {
        client.close();
    }
}

async function encodeGood(
    run: Run,
    good: readonly BatchFile[],
    request: EncodeRequest,
    onEvent: OnEvent,
): Promise<void> {
    const { failures, control, signal } = run;
    await withDaemon(run, request, ({ services }) =>
        encodeBatch(good, request, services, { signal, onEvent, failures, control }),
    );
}

async function planGood(
    run: Run,
    files: readonly BatchFile[],
    request: EncodeRequest,
    onEvent: OnEvent,
): Promise<void> {
    const { failures, signal } = run;
    const { dryRun } = await import('./encode-dry-run.js');
    await withDaemon(run, request, ({ services }) =>
        dryRun(files, request, services, { signal, onEvent, failures }),
    );
}

/** One line for each failure; the same one for several files only once. */
function tellFailures(context: CliContext, inputs: readonly Input[], failures: Failures): void {
    const told = new Set<KvzError>();
    for (const [index, { file }] of inputs.entries()) {
        const error = failures.get(index);
        if (!error || told.has(error)) continue;
        told.add(error);
        const shared = [...failures.values()].filter((other) => other === error).length > 1;
        const named = inputs.length === 1 || shared || error.message.startsWith(`${file}:`);
        context.say(`${named ? '' : `${file}: `}${error.message}${rawHint(file, error)}`);
    }
}

/** What is no video may be bare frames, which only the user can tell the format of. */
function rawHint(file: string, { cause }: KvzError): string {
    const { code } = (cause ?? {}) as { code?: string };
    if (code !== 'INPUT_NOT_MEDIA' || !isRawName(file)) return '';
    return '; raw video needs --raw --input-res WxH --input-fps N';
}
