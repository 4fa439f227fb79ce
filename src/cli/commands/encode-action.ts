/** What `kvz-cloud encode` does. */
import { KvzError } from '../../protocol/errors.js';
import type { ExitStatus } from '../../protocol/errors.js';
import { checkFiles, emitError, encodeBatch } from '../../client/encode-batch.js';
import type { BatchFile, Failures, OnEvent } from '../../client/encode-batch.js';
import type { EncodeRequest } from '../../client/encode-request.js';
import { planOutputs } from '../../client/output-path.js';
import type { CliContext } from '../context.js';
import { interruptible } from '../interrupt.js';
import { chooseView, openView } from '../ui/view.js';
import type { EncodeView } from '../ui/view.js';
import { worstStatus } from '../worst-status.js';
import type { EncodeFlags } from './encode.js';
import { buildRequest, findProfile } from './build-request.js';

/** One run of the command. */
interface Run {
    context: CliContext;
    flags: EncodeFlags;
    inputs: readonly string[];
    view: EncodeView;
    failures: Failures;
    signal: AbortSignal;
}

/** @returns the exit status; every failure has been told */
export async function runEncode(
    context: CliContext,
    inputs: readonly string[],
    flags: EncodeFlags,
): Promise<ExitStatus> {
    const view = await openView(flags.json ? 'json' : chooseView(flags.progress, context.env), {
        files: inputs,
        print: (line) => context.print(line),
        say: (message) => context.say(message),
        env: context.env,
    });
    const failures: Failures = new Map();
    try {
        await interruptible((signal) =>
            encodeAll({ context, flags, inputs, view, failures, signal }),
        );
    } finally {
        await view.close();
    }
    tellFailures(context, inputs, failures);
    return worstStatus([...failures.values()].map(({ exit }) => exit));
}

/** What ends the command before a file is begun ends it for all of them. */
async function encodeAll(run: Run): Promise<void> {
    const { context, flags, inputs, view, failures, signal } = run;
    const onEvent: OnEvent = (ref, event) => view.event(ref, event);
    try {
        const profile = findProfile(context, flags.profile);
        const plan = await planOutputs(inputs, flags.output, flags.container, profile.container);
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
        const files = inputs.map((file, index) => ({
            index,
            file,
            output: plan.outputs[index] ?? '',
        }));
        const good = await checkFiles(files, request.force, failures);
        for (const file of files) {
            const error = failures.get(file.index);
            if (error) emitError(onEvent, file, error);
        }
        if (good.length > 0) await encodeGood(run, good, request, onEvent);
    } catch (error) {
        const cause = signal.aborted ? new KvzError('INTERRUPTED', 'interrupted') : error;
        if (!(cause instanceof KvzError)) throw cause;
        for (const [index, file] of inputs.entries()) {
            if (failures.has(index)) continue;
            failures.set(index, cause);
            emitError(onEvent, { index, file }, cause);
        }
    }
}

async function encodeGood(
    { context, flags, view, failures, signal }: Run,
    good: readonly BatchFile[],
    request: EncodeRequest,
    onEvent: OnEvent,
): Promise<void> {
    const client = await context.connect(flags, {
        startDaemon: true,
        signal,
        onAway: (reason) =>
            view.notice(
                reason ? `${reason.message}; waiting for the daemon` : 'the daemon is there again',
            ),
    });
    try {
        if (client.versionNote !== undefined) view.notice(client.versionNote);
        await client.validate(request.options, request.raw);
        await encodeBatch(good, request, client.services, { signal, onEvent, failures });
    } finally {
        client.close();
    }
}

/** One line for each failure; the same one for several files only once. */
function tellFailures(context: CliContext, inputs: readonly string[], failures: Failures): void {
    const told = new Set<KvzError>();
    for (const [index, file] of inputs.entries()) {
        const error = failures.get(index);
        if (!error || told.has(error)) continue;
        told.add(error);
        const shared = [...failures.values()].filter((other) => other === error).length > 1;
        const named = inputs.length === 1 || shared || error.message.startsWith(`${file}:`);
        context.say(named ? error.message : `${file}: ${error.message}`);
    }
}
